// SPDX-License-Identifier: GPL-3.0-or-later
//
// cli.h - the headless commands of `rushes`. One file a command (cli-*.c); nothing here needs a display.
//
// Output    results on standard output, progress and the one sentence about a failure on standard error.
#pragma once
#include <gio/gio.h>

G_BEGIN_DECLS

// Exit statuses, as data/rushes.1 lists them.
typedef enum RushesExit {
    RUSHES_EXIT_OK = 0,
    RUSHES_EXIT_USAGE = 1,     // the command line, or a job the model refuses
    RUSHES_EXIT_NO_DEVICE = 2, // nothing that runs Vulkan
    RUSHES_EXIT_ENGINE = 3,    // the engine or its device was lost
    RUSHES_EXIT_FILE = 4,      // a file is missing, damaged or cannot be written
    RUSHES_EXIT_MEMORY = 5,
    RUSHES_EXIT_DISK_FULL = 6,
    RUSHES_EXIT_FAILED = 7, // verify: a case failed
    RUSHES_EXIT_CANCELLED = 130,
} RushesExit;

typedef struct RushesCommand {
    const char *name, *summary;
    int (*run)(int argc, char **argv); // argv[0] is the command's name
} RushesCommand;

int rushes_cli_generate(int argc, char **argv);
int rushes_cli_devices(int argc, char **argv);
int rushes_cli_models(int argc, char **argv);
int rushes_cli_verify(int argc, char **argv);
int rushes_cli_bench(int argc, char **argv);
int rushes_cli_export(int argc, char **argv);
int rushes_cli_share(int argc, char **argv);
int rushes_cli_unpack(int argc, char **argv);
int rushes_cli_inspect(int argc, char **argv);
int rushes_cli_consent(int argc, char **argv);
int rushes_cli_rights(int argc, char **argv);
int rushes_cli_credentials(int argc, char **argv);

// The command called `name`, or NULL.
const RushesCommand *rushes_cli_find(const char *name);
// `rushes` with anything that is not a command: --help, --version, or a mistake. `studio` says whether
// this program can open windows.
int rushes_cli_other(int argc, char **argv, gboolean studio);

// Prints "rushes: what" on standard error. The sentence gets its full stop.
void rushes_cli_complain(const char *what);
// Complains about `error` and returns `status`; when there is no space left, RUSHES_EXIT_DISK_FULL.
int rushes_cli_fail(RushesExit status, const GError *error);
// The status that goes with the code of a worker's error event.
RushesExit rushes_cli_status_of(const char *code);

// Parses options. FALSE: the command ends with *status (help was printed, or a mistake named).
gboolean rushes_cli_parse(const char *usage, const char *about, const GOptionEntry *entries,
                          int *argc, char ***argv, int *status);
// A number that an option was given. Whole numbers go from `least` to `most`, others are above `least`.
typedef struct RushesNumberOption {
    const char *name; // "--steps"
    const char *text; // as it was written; NULL: the option was not given
    gboolean whole;
    double least, most;
} RushesNumberOption;
// Leaves *out alone when the option was not given. FALSE: one sentence was said.
gboolean rushes_cli_number(const RushesNumberOption *option, double *out);

// Asks the engine whether --device and --caps (either may be NULL) can be had. FALSE: they cannot, which
// was said in one sentence; the command ends with *status.
gboolean rushes_cli_check_device(const char *device, const char *caps, int *status);
// Runs a program to its end and hands over each line it prints, without the newline. Its complaints go
// to our standard error. -> its exit status, or RUSHES_EXIT_ENGINE (having complained) when it cannot
// be started or is ended by a signal. `environment` is NULL or a full one.
typedef void (*RushesLineFunc)(const char *line, gpointer data);
int rushes_cli_read_program(char **argv, char **environment, RushesLineFunc func, gpointer data);
// The same with the program that checks and times single operations.
int rushes_cli_read_ops(const char *device, const char *caps, char **arguments, RushesLineFunc func,
                        gpointer data);

G_END_DECLS
