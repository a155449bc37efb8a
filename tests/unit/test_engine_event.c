// SPDX-License-Identifier: GPL-3.0-or-later
#include "queue/engine-event.h"

#include <string.h>

static cJSON *parse(const char *line, RushesEngineEvent *event)
{
    return rushes_engine_event_parse(line, strlen(line), event);
}

static void test_progress_is_read(void)
{
    RushesEngineEvent event;
    cJSON *root =
        parse("{\"event\":\"progress\",\"id\":3,\"stage\":\"denoise\",\"step\":4,\"of\":16,"
              "\"fraction\":0.25,\"eta_s\":12.5}",
              &event);
    g_assert_nonnull(root);
    g_assert_cmpint(event.kind, ==, RUSHES_ENGINE_PROGRESS);
    g_assert_cmpuint(event.id, ==, 3);
    g_assert_false(event.last);
    g_assert_cmpstr(event.stage, ==, "denoise");
    g_assert_cmpuint(event.step, ==, 4);
    g_assert_cmpfloat(event.fraction, ==, 0.25);
    g_assert_cmpfloat(event.eta_s, ==, 12.5);
    cJSON_Delete(root);
}

static void test_what_is_missing_has_a_safe_value(void)
{
    RushesEngineEvent event;
    cJSON *root = parse("{\"event\":\"progress\"}", &event);
    g_assert_nonnull(event.stage);
    g_assert_cmpfloat(event.eta_s, <, 0.0);
    cJSON_Delete(root);
    root = parse("{\"event\":\"error\",\"id\":-5,\"code\":7}", &event);
    g_assert_true(event.last);
    g_assert_cmpuint(event.id, ==, 0);
    g_assert_cmpstr(event.code, ==, "worker");
    g_assert_nonnull(event.what);
    g_assert_nonnull(event.hint);
    cJSON_Delete(root);
    root = parse("{\"event\":\"frame\",\"index\":1e300}", &event);
    g_assert_cmpuint(event.index, ==, G_MAXUINT);
    cJSON_Delete(root);
}

static void test_what_is_no_event_is_refused(void)
{
    static const char *const lines[] = {"",
                                        "{}",
                                        "[]",
                                        "nonsense",
                                        "{\"event\":\"dance\"}",
                                        "{\"event\":7}",
                                        "{\"event\":\"done\",\"x\":\"\xff\"}"};
    RushesEngineEvent event;
    for (gsize i = 0; i < G_N_ELEMENTS(lines); i++)
        g_assert_null(parse(lines[i], &event));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/engine-event/progress_is_read", test_progress_is_read);
    g_test_add_func("/engine-event/what_is_missing_has_a_safe_value",
                    test_what_is_missing_has_a_safe_value);
    g_test_add_func("/engine-event/what_is_no_event_is_refused", test_what_is_no_event_is_refused);
    return g_test_run();
}
