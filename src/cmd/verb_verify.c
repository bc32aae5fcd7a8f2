#include "cmd/verbs.h"
static enum km_exit run_verify(const struct km_verb_context *c, const struct km_arguments *a){(void)c;(void)a;return KM_EXIT_FAILED;}
static const struct km_argument no_arguments[] = { { NULL, NULL, NULL } };
const struct km_verb km_verb_verify = { .name = "verify", .usage = "[CAMERA]", .text = "check", .words_max = 1, .arguments = no_arguments, .run = run_verify };
