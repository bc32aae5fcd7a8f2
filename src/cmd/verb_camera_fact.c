#include "cmd/asking.h"
#include "cmd/verbs.h"

#include <string.h>

/* KIND=VALUE; an empty value forgets it. */
static enum km_exit put_fact(
    const struct km_verb_context *context, const struct km_uuid *camera, const char *word)
{
	struct km_message_fact_put put = { .camera = *camera };
	struct km_bytes value = km_bytes_text(word);
	struct km_bytes kind = km_bytes_split(&value, '=');

	if (strchr(word, '=') == NULL || km_bytes_copy_text(kind, put.kind, sizeof(put.kind)) < 0 ||
	    km_bytes_copy_text(value, put.value, sizeof(put.value)) < 0) {
		(void)km_verb_fail("%s: NAME=VALUE is right, as support_end=2027-03", word);
		return KM_EXIT_USAGE;
	}
	return km_asking_each(context, KM_MESSAGE_fact_put, &put, NULL, NULL, NULL);
}

static enum km_exit run_fact(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	struct km_uuid camera;
	enum km_exit result = km_asking_find_camera(context, arguments->words[0], &camera);

	for (size_t i = 1; result == KM_EXIT_DONE && i < arguments->word_count; i++) {
		result = put_fact(context, &camera, arguments->words[i]);
	}
	return result;
}

static const struct km_argument no_arguments[] = { { NULL, NULL, NULL } };

const struct km_verb km_verb_camera_fact = {
	.name = "camera fact",
	.usage = "CAMERA NAME=VALUE... (support_end, bought, jc_star, maker, model, ...)",
	.text = "enter what you know of a camera; an empty value forgets it",
	.words_min = 2,
	.words_max = KM_ARGUMENTS_WORDS_MAX,
	.arguments = no_arguments,
	.run = run_fact,
};
