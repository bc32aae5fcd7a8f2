#include "model/requirements.h"

#include <stdio.h>
#include <string.h>

enum {
	ALWAYS = KM_PROFILE_ALWAYS,
#define KM_PROFILE_PART(number, NAME, name, section, text_en, text_ja) NAME = (number),
#include "model/profile_parts.tbl"
#undef KM_PROFILE_PART
	CAMERA = KM_PER_CAMERA,
	RECORDER = KM_PER_RECORDER,
	SITE = KM_PER_SITE,
	E = KM_ANSWER_ENFORCED,
	S = KM_ANSWER_SELF,
	P = KM_ANSWER_PROBED,
	D = KM_ANSWER_TOLD,
	A = KM_ANSWER_ATTESTED,
};

static const struct km_requirement requirements[KM_REQUIREMENTS_ALL] = {
#define KM_REQUIREMENT(                                                                            \
    NAME, id, section, needs, per, kinds, days, title_en, title_ja, text_en, text_ja)              \
	{ KM_REQUIREMENT_##NAME, (id), false, (section), (enum km_profile_part)(needs), (per),     \
		(kinds), (days), "", (title_en), (title_ja), (text_en), (text_ja) },
#include "model/requirements.tbl"
#undef KM_REQUIREMENT
#define KM_AUDIT_POINT(                                                                            \
    NAME, id, section, needs, kinds, leans_on, title_en, title_ja, text_en, text_ja)               \
	{ KM_REQUIREMENT_##NAME, (id), true, (section), (enum km_profile_part)(needs), 0, (kinds), \
		365, (leans_on), (title_en), (title_ja), (text_en), (text_ja) },
#include "model/audit_points.tbl"
#undef KM_AUDIT_POINT
};

static const struct km_profile_row parts[] = {
#define KM_PROFILE_PART(number, NAME, name, section, text_en, text_ja)                             \
	{ KM_PROFILE_##NAME, #name, (section), (text_en), (text_ja) },
#include "model/profile_parts.tbl"
#undef KM_PROFILE_PART
};

const struct km_requirement *km_requirements_get(unsigned name)
{
	return name < KM_REQUIREMENTS_ALL ? &requirements[name] : NULL;
}

const struct km_requirement *km_requirements_find(struct km_bytes id)
{
	for (size_t i = 0; i < KM_REQUIREMENTS_ALL; i++) {
		if (km_bytes_is_equal(km_bytes_text(requirements[i].id), id)) {
			return &requirements[i];
		}
	}
	return NULL;
}

const char *km_requirements_section(char section, bool is_japanese)
{
	static const char *const names[][2] = {
		{ "Always", "必ず" },
		{ "The recorder serves another network", "レコーダーがサービスを提供する場合" },
		{ "Cameras within reach", "カメラに手が届く場合" },
		{ "The line may be tapped", "通信が盗聴されうる場合" },
		{ "Wireless", "無線LANを使う場合" },
		{ "Availability", "可用性を求める場合" },
		{ "Operation", "運用" },
		{ "Maintenance", "保守" },
		{ "Disposal", "廃棄" },
	};
	size_t place = (size_t)(section - 'a');

	return section < 'a' || place >= KM_COUNT(names) ? "" : names[place][is_japanese ? 1 : 0];
}

void km_requirements_write_kinds(unsigned kinds, char ret_text[static 6])
{
	static const char letters[] = "ESPDA";
	size_t count = 0;

	for (size_t i = 0; i < sizeof(letters) - 1; i++) {
		if ((kinds & 1U << i) != 0) {
			ret_text[count++] = letters[i];
		}
	}
	ret_text[count] = '\0';
}

const struct km_profile_row *km_requirements_profile(size_t place)
{
	return place < KM_COUNT(parts) ? &parts[place] : NULL;
}

int km_requirements_parse_profile(struct km_bytes words, uint32_t *ret_profile)
{
	uint32_t profile = 0;

	words = km_bytes_trim(words);
	if (km_bytes_is_equal(words, KM_BYTES("none"))) {
		words.size = 0;
	}
	while (words.size > 0) {
		struct km_bytes word = km_bytes_trim(km_bytes_split(&words, ','));
		size_t i = 0;

		while (
		    i < KM_COUNT(parts) && !km_bytes_is_equal(km_bytes_text(parts[i].name), word)) {
			i++;
		}
		if (i == KM_COUNT(parts)) {
			return KM_ERR_NOT_FOUND;
		}
		profile |= 1U << parts[i].part;
	}
	*ret_profile = profile;
	return 0;
}

void km_requirements_write_profile(uint32_t profile, char ret_text[static KM_PROFILE_TEXT_SIZE])
{
	size_t size = 0;

	ret_text[0] = '\0';
	for (size_t i = 0; i < KM_COUNT(parts); i++) {
		if ((profile & 1U << parts[i].part) != 0 && size < KM_PROFILE_TEXT_SIZE) {
			int more = snprintf(ret_text + size, KM_PROFILE_TEXT_SIZE - size, "%s%s",
			    size > 0 ? "," : "", parts[i].name);

			size += more > 0 ? (size_t)more : 0;
		}
	}
}

bool km_requirements_applies(const struct km_requirement *requirement, uint32_t profile)
{
	return requirement->needs == KM_PROFILE_ALWAYS || (profile & 1U << requirement->needs) != 0;
}
