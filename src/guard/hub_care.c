/* Requests about alarms, incidents and duties. */
#include "guard/hub_requests.h"

int km_hub_request_alarm_list(struct km_hub_asking *asking, struct km_message_alarm_list *list)
{
	(void)list;
	return km_hub_requests_fail(asking, KM_ERR_UNSUPPORTED, "no alarms yet");
}

int km_hub_request_alarm_acknowledge(
    struct km_hub_asking *asking, struct km_message_alarm_acknowledge *acknowledge)
{
	(void)acknowledge;
	return km_hub_requests_fail(asking, KM_ERR_UNSUPPORTED, "no alarms yet");
}
