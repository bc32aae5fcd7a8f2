/* komainu-auditor: started by komainu. */
#include "auditor/auditor.h"

int main(void)
{
	return km_auditor_run();
}
