/* komainu-writer: started by guard. */
#include "writer/writer.h"

int main(void)
{
	return km_writer_run();
}
