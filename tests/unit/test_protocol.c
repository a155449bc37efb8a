// SPDX-License-Identifier: GPL-3.0-or-later
#include "worker/protocol.h"

#include <string.h>

#include "tap.h"

static RshStatus parse(const char *line, ProtocolRequest *request, RshError *error)
{
    return protocol_parse(line, strlen(line), request, error);
}

static bool refused(const char *line, const char *about)
{
    ProtocolRequest request;
    RshError error = {0};

    bool as_expected = parse(line, &request, &error) == RSH_ERROR_ARGUMENT && !request.root &&
                       strstr(error.text, about) && error.text[strlen(error.text) - 1] != '.';
    if (!as_expected)
        printf("# %s -> \"%s\"\n", line, error.text);
    protocol_request_clear(&request);
    return as_expected;
}

static void every_request_is_read(void)
{
    ProtocolRequest request;

    CHECK(parse("{\"request\":\"hello\",\"id\":1,\"protocol\":1}", &request, NULL) == RSH_OK);
    CHECK(request.kind == REQUEST_HELLO && request.id == 1 && request.protocol == 1);
    protocol_request_clear(&request);
    CHECK(parse("{\"request\":\"load\",\"id\":2,\"model\":\"mini\"}\r", &request, NULL) == RSH_OK);
    CHECK(request.kind == REQUEST_LOAD && strcmp(request.model, "mini") == 0);
    protocol_request_clear(&request);
    CHECK(parse("{\"request\":\"cancel\",\"id\":3,\"target\":2}", &request, NULL) == RSH_OK);
    CHECK(request.kind == REQUEST_CANCEL && request.target == 2);
    protocol_request_clear(&request);
    CHECK(parse("{\"request\":\"tokenize\",\"id\":4,\"model\":\"m\",\"text\":\"a fox\"}", &request,
                NULL) == RSH_OK);
    CHECK(request.kind == REQUEST_TOKENIZE && strcmp(request.text, "a fox") == 0);
    protocol_request_clear(&request);
    CHECK(parse("{\"request\":\"quit\",\"id\":5}", &request, NULL) == RSH_OK);
    CHECK(request.kind == REQUEST_QUIT);
    protocol_request_clear(&request);
}

static void a_whole_job_is_read(void)
{
    ProtocolRequest request;
    CHECK(parse("{\"request\":\"generate\",\"id\":7,\"take\":\"t\",\"previews\":false,\"job\":{"
                "\"version\":1,\"model\":\"mini\",\"prompt\":\"p\",\"negative\":\"\","
                "\"seed\":\"18446744073709551615\",\"width\":256,\"height\":160,\"frames\":25,"
                "\"fps\":12,\"steps\":16,\"guidance\":4.5,\"audio_guidance\":3,\"shift\":3,"
                "\"sampler\":\"euler\",\"future\":[1,2],\"conditioning\":{\"kind\":\"extend\","
                "\"video\":\"c.rgb\",\"frames\":9,\"audio\":\"c.f32\",\"samples\":100}}}",
                &request, NULL) == RSH_OK);
    const ProtocolJob *job = &request.job;
    CHECK(request.kind == REQUEST_GENERATE && !request.previews && strcmp(request.take, "t") == 0);
    CHECK(job->seed == UINT64_MAX && job->width == 256 && job->height == 160 && job->frames == 25);
    CHECK(job->negative && !*job->negative && job->steps == 16);
    CHECK_NEAR(job->guidance, 4.5, 0);
    CHECK_NEAR(job->fps, 12, 0);
    CHECK(job->conditioning.kind == RSH_FROM_CLIP && job->conditioning.frames == 9 &&
          job->conditioning.samples == 100 && strcmp(job->conditioning.audio, "c.f32") == 0);
    protocol_request_clear(&request);
}

static void absent_fields_stay_absent(void)
{
    ProtocolRequest request;
    CHECK(parse("{\"request\":\"estimate\",\"id\":7,"
                "\"job\":{\"version\":1,\"model\":\"mini\",\"prompt\":\"p\"}}",
                &request, NULL) == RSH_OK);
    CHECK(!request.job.negative && request.job.seed == 0 && request.job.width == 0);
    CHECK(!request.job.sampler && request.job.conditioning.kind == RSH_FROM_NOTHING);
    protocol_request_clear(&request);
}

static void lines_that_are_no_request_are_refused(void)
{
    CHECK(refused("", "not one JSON object"));
    CHECK(refused("[]", "not one JSON object"));
    CHECK(refused("{\"request\":\"quit\",\"id\":1} x", "not one JSON object"));
    CHECK(refused("{\"request\":\"quit\",\"id\":1", "not one JSON object"));
    CHECK(refused("{\"request\":\"quit\"}", "\"id\" is missing"));
    CHECK(refused("{\"request\":\"quit\",\"id\":-1}", "whole number"));
    CHECK(refused("{\"request\":\"quit\",\"id\":1.5}", "whole number"));
    CHECK(refused("{\"id\":1}", "\"request\" is missing"));
    CHECK(refused("{\"request\":\"dance\",\"id\":1}", "\"dance\" is not a request"));
    CHECK(refused("{\"request\":\"load\",\"id\":1}", "\"model\" is missing"));
    CHECK(refused("{\"request\":\"cancel\",\"id\":1,\"target\":\"2\"}", "\"target\""));
    CHECK(refused("{\"request\":\"load\",\"id\":1,\"model\":\"\xff\"}", "not valid UTF-8"));
    CHECK(refused("{\"request\":\"load\",\"id\":1,\"model\":\"a\\u0000b\"}", "NUL"));
}

static void broken_jobs_are_refused(void)
{
#define JOB(fields) "{\"request\":\"estimate\",\"id\":1,\"job\":{" fields "}}"
#define GOOD        "\"version\":1,\"model\":\"m\",\"prompt\":\"p\","
    CHECK(refused("{\"request\":\"estimate\",\"id\":1}", "\"job\" is missing"));
    CHECK(refused(JOB("\"version\":2,\"model\":\"m\",\"prompt\":\"p\""), "version 2"));
    CHECK(refused(JOB("\"version\":1,\"model\":\"m\""), "\"prompt\" is missing"));
    CHECK(refused(JOB(GOOD "\"seed\":5"), "\"seed\""));
    CHECK(refused(JOB(GOOD "\"seed\":\"\""), "\"seed\""));
    CHECK(refused(JOB(GOOD "\"seed\":\"18446744073709551616\""), "\"seed\""));
    CHECK(refused(JOB(GOOD "\"width\":0"), "\"width\" is 0"));
    CHECK(refused(JOB(GOOD "\"width\":1e99"), "\"width\""));
    CHECK(refused(JOB(GOOD "\"guidance\":-1"), "\"guidance\""));
    CHECK(refused(JOB(GOOD "\"shift\":\"3\""), "\"shift\""));
    CHECK(refused(JOB(GOOD "\"conditioning\":7"), "must be an object"));
    CHECK(refused(JOB(GOOD "\"conditioning\":{\"kind\":\"magic\"}"), "\"kind\""));
    CHECK(refused(JOB(GOOD "\"conditioning\":{\"kind\":\"image\",\"video\":\"../x\"}"), "name of"));
    CHECK(refused(JOB(GOOD "\"conditioning\":{\"kind\":\"image\"}"), "\"video\" is missing"));
}

static void the_id_survives_a_refusal(void)
{
    ProtocolRequest request;
    CHECK(parse("{\"request\":\"dance\",\"id\":42}", &request, NULL) == RSH_ERROR_ARGUMENT);
    CHECK(request.id == 42 && !request.root);
}

static void a_backslash_before_a_zero_escape_is_text(void)
{
    ProtocolRequest request;
    CHECK(parse("{\"request\":\"load\",\"id\":1,\"model\":\"a\\\\u0000\"}", &request, NULL) ==
          RSH_OK);
    CHECK(strcmp(request.model, "a\\u0000") == 0);
    protocol_request_clear(&request);
}

int main(void)
{
    TAP_RUN(every_request_is_read);
    TAP_RUN(a_whole_job_is_read);
    TAP_RUN(absent_fields_stay_absent);
    TAP_RUN(lines_that_are_no_request_are_refused);
    TAP_RUN(broken_jobs_are_refused);
    TAP_RUN(the_id_survives_a_refusal);
    TAP_RUN(a_backslash_before_a_zero_escape_is_text);
    return tap_done();
}
