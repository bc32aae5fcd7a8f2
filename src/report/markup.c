#include "report/markup.h"

#include "base/text.h"

static size_t size_of(struct km_bytes text)
{
	size_t size = text.data[0] < 0x80   ? 1
		      : text.data[0] < 0xe0 ? 2
		      : text.data[0] < 0xf0 ? 3
					    : 4;
	struct km_bytes character = km_bytes_slice(text, 0, size);
	bool is_noncharacter = size == 3 && character.size == 3 && character.data[0] == 0xef &&
			       character.data[1] == 0xbf && character.data[2] >= 0xbe;

	if (text.data[0] == '\n') {
		return 1;
	}
	return character.size == size && km_text_is_clean_utf8(character) && !is_noncharacter ? size
											      : 0;
}

void km_markup_add(struct km_buf *out, struct km_bytes text)
{
	while (text.size > 0) {
		size_t size = size_of(text);

		switch (size == 1 ? text.data[0] : 0) {
		case '&':
			km_buf_add_text(out, "&amp;");
			break;
		case '<':
			km_buf_add_text(out, "&lt;");
			break;
		case '>':
			km_buf_add_text(out, "&gt;");
			break;
		case '"':
			km_buf_add_text(out, "&quot;");
			break;
		case '\'':
			km_buf_add_text(out, "&#39;");
			break;
		default:
			km_buf_add(out,
			    size == 0 ? KM_BYTES("\xef\xbf\xbd") : km_bytes_slice(text, 0, size));
			break;
		}
		text = km_bytes_after(text, size == 0 ? 1 : size);
	}
}
