/* komainu-receiver: started by komainu. */
#include "receiver/receiver.h"

int main(void)
{
	return km_receiver_run();
}
