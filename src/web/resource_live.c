/* /api/v1/cameras/{camera}/live without the WebSocket handshake: say what is missing. */
#include "web/call.h"

void km_resource_live_watch(struct km_call *call);

void km_resource_live_watch(struct km_call *call)
{
	struct km_response response = {
		.status = 426,
		.content_type = "application/json",
		.headers = { { "upgrade:", "websocket" }, { "connection:", "upgrade" } },
		.header_count = 2,
		.fixed =
		    KM_BYTES("{\"error\":{\"code\":\"invalid\",\"message\":"
			     "\"live pictures come by WebSocket, subprotocol komainu-live\"}}"),
	};

	km_call_answer(call, &response);
}
