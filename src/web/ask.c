#include "web/ask.h"

#include "model/record.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS       256 /* the low byte of a request's number is its slot */
#define TIMEOUT_US  (5 * INT64_C(1000000))
#define SWEEP_US    INT64_C(250000)
#define MESSAGE_MAX 65536

struct slot {
	uint32_t request; /* 0: free */
	int64_t deadline_us;
	km_ask_callback *on_answer;
	void *context;
};

struct km_ask {
	struct km_loop *loop;
	struct km_timer *timer;
	int (*send)(void *context, struct km_bytes packed);
	void *send_context;
	uint32_t counter;
	size_t open;
	struct slot slots[SLOTS];
};

static void end_slot(struct km_ask *ask, struct slot *slot, const struct km_ask_answer *answer)
{
	struct slot ended = *slot;

	*slot = (struct slot){ 0 };
	if (--ask->open == 0) {
		km_timer_stop(ask->timer);
	}
	ended.on_answer(ended.context, answer);
}

static void on_sweep(void *context)
{
	struct km_ask *ask = context;
	int64_t now_us = km_loop_now_us(ask->loop);
	struct km_ask_answer answer = { .err = KM_ERR_TIMEOUT, .is_last = true };

	for (size_t i = 0; i < SLOTS; i++) {
		if (ask->slots[i].request != 0 && ask->slots[i].deadline_us <= now_us) {
			end_slot(ask, &ask->slots[i], &answer);
		}
	}
}

int km_ask_create(struct km_loop *loop, int (*send)(void *context, struct km_bytes packed),
    void *send_context, struct km_ask **ret_ask)
{
	struct km_ask *ask = calloc(1, sizeof(*ask));
	int err = KM_ERR_MEMORY;

	if (ask == NULL) {
		return err;
	}
	ask->loop = loop;
	ask->send = send;
	ask->send_context = send_context;
	err = km_timer_create(loop, on_sweep, ask, &ask->timer);
	if (err < 0) {
		free(ask);
		return err;
	}
	*ret_ask = ask;
	return 0;
}

void km_ask_destroy(struct km_ask *ask)
{
	if (ask != NULL) {
		km_timer_destroy(ask->timer);
		free(ask);
	}
}

static struct slot *free_slot(struct km_ask *ask, uint32_t *ret_request)
{
	for (size_t i = 0; i < SLOTS; i++) {
		struct slot *slot = &ask->slots[(ask->counter + i) % SLOTS];

		if (slot->request == 0) {
			ask->counter++;
			/* Never 0: the upper part begins at 1. */
			*ret_request =
			    ((ask->counter % 0xffffff) + 1) << 8 | (uint32_t)(slot - ask->slots);
			return slot;
		}
	}
	return NULL;
}

int km_ask_put(struct km_ask *ask, enum km_message_kind kind, void *message,
    km_ask_callback *on_answer, void *context)
{
	uint32_t request = 0;
	struct slot *slot = free_slot(ask, &request);
	struct km_buf packed;
	int err = 0;

	if (slot == NULL) {
		return KM_ERR_LIMIT;
	}
	memcpy(message, &request, sizeof(request));
	km_buf_init(&packed, MESSAGE_MAX);
	err = km_messages_pack(kind, message, &packed);
	if (err == 0) {
		err = ask->send(ask->send_context, km_buf_view(&packed));
	}
	km_buf_wipe(&packed);
	if (err < 0) {
		return err;
	}
	*slot = (struct slot){
		.request = request,
		.deadline_us = km_loop_now_us(ask->loop) + TIMEOUT_US,
		.on_answer = on_answer,
		.context = context,
	};
	if (ask->open++ == 0) {
		km_timer_start(ask->timer, SWEEP_US, SWEEP_US);
	}
	return 0;
}

bool km_ask_take(
    struct km_ask *ask, enum km_message_kind kind, const void *message, int *fds, size_t fd_count)
{
	struct km_ask_answer answer = {
		.kind = kind,
		.message = message,
		.fds = fds,
		.fd_count = fd_count,
		.is_last = km_record_list(kind) == NULL,
	};
	struct slot *slot = NULL;
	uint32_t request = 0;

	memcpy(&request, message, sizeof(request));
	slot = &ask->slots[request % SLOTS];
	if (request == 0 || slot->request != request) {
		return false;
	}
	if (answer.is_last) {
		end_slot(ask, slot, &answer);
	} else {
		slot->on_answer(slot->context, &answer);
	}
	return true;
}
