/* komainu-courier: started by komainu. */
#include "courier/courier.h"

int main(void)
{
	return km_courier_run();
}
