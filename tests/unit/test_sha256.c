// SPDX-License-Identifier: GPL-3.0-or-later
// The vectors are the ones of FIPS 180-4's own examples (NIST, "SHA256.pdf") and the empty message.
#include "base/sha256.h"

#include <stdbool.h>
#include <string.h>

#include "tap.h"

static bool digest_is(const void *data, size_t bytes, size_t piece, const char *hex)
{
    Sha256 sha;
    uint8_t digest[32];
    char text[65];

    sha256_init(&sha);
    for (size_t at = 0; at < bytes; at += piece)
        sha256_update(&sha, (const char *)data + at, bytes - at < piece ? bytes - at : piece);
    sha256_finish(&sha, digest);
    sha256_hex(digest, text);
    return strcmp(text, hex) == 0;
}

static void published_vectors_match(void)
{
    const char *two_blocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    CHECK(digest_is("", 0, 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
    CHECK(
        digest_is("abc", 3, 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
    CHECK(digest_is(two_blocks, 56, 56,
                    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"));
}

static void a_million_letters_match_however_they_are_cut(void)
{
    static char letters[1000000];
    memset(letters, 'a', sizeof(letters));
    const char *want = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";
    CHECK(digest_is(letters, sizeof(letters), sizeof(letters), want));
    CHECK(digest_is(letters, sizeof(letters), 63, want));
    CHECK(digest_is(letters, sizeof(letters), 65, want));
}

static void every_length_around_a_block_differs_from_the_next(void)
{
    char text[130] = {0}, last[65] = "", hex[65];
    for (size_t bytes = 0; bytes < sizeof(text); bytes++) {
        Sha256 sha;
        uint8_t digest[32];
        sha256_init(&sha);
        sha256_update(&sha, text, bytes);
        sha256_finish(&sha, digest);
        sha256_hex(digest, hex);
        CHECK(strcmp(hex, last) != 0);
        CHECK(digest_is(text, bytes, 7, hex));
        memcpy(last, hex, sizeof(last));
    }
}

int main(void)
{
    TAP_RUN(published_vectors_match);
    TAP_RUN(a_million_letters_match_however_they_are_cut);
    TAP_RUN(every_length_around_a_block_differs_from_the_next);
    return tap_done();
}
