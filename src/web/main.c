/* komainu-web: started by guard. */
#include "web/web.h"

int main(void)
{
	return km_web_run();
}
