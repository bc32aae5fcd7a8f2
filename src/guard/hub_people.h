/*
 * What the requests about people share. Private to guard/.
 */
#ifndef KM_GUARD_HUB_PEOPLE_H
#define KM_GUARD_HUB_PEOPLE_H

#include "guard/hub_requests.h"

/* An account by its id; KM_ERR_NOT_FOUND is explained to who asks. */
KM_MUST_USE int km_hub_people_find(
    struct km_hub_asking *asking, const struct km_uuid *id, struct km_account *ret_account);

/* Whether it is a list of addresses (base/cidr); what is wrong is explained to who asks. */
KM_MUST_USE int km_hub_people_judge_list(struct km_hub_asking *asking, const char *text);

/* Whether who asks may see and end what belongs to others: the command line, administrators. */
bool km_hub_people_sees_all(const struct km_hub_asking *asking);

#endif
