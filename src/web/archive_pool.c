#include "web/archive_pool.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define KEPT_MAX 8 /* more than the work pool has threads */

struct km_archive_pool {
	pthread_mutex_t mutex;
	char *root;
	char *index;
	struct km_archive *kept[KEPT_MAX];
	size_t kept_count;
};

int km_archive_pool_create(const char *root, const char *index, struct km_archive_pool **ret_pool)
{
	struct km_archive_pool *pool = calloc(1, sizeof(*pool));

	if (pool == NULL) {
		return KM_ERR_MEMORY;
	}
	pool->root = strdup(root);
	pool->index = strdup(index);
	if (pool->root == NULL || pool->index == NULL ||
	    pthread_mutex_init(&pool->mutex, NULL) != 0) {
		free(pool->root);
		free(pool->index);
		free(pool);
		return KM_ERR_MEMORY;
	}
	*ret_pool = pool;
	return 0;
}

void km_archive_pool_destroy(struct km_archive_pool *pool)
{
	if (pool == NULL) {
		return;
	}
	for (size_t i = 0; i < pool->kept_count; i++) {
		km_archive_close(pool->kept[i]);
	}
	(void)pthread_mutex_destroy(&pool->mutex);
	free(pool->root);
	free(pool->index);
	free(pool);
}

int km_archive_pool_take(struct km_archive_pool *pool, struct km_archive **ret_archive)
{
	struct km_archive *archive = NULL;

	(void)pthread_mutex_lock(&pool->mutex);
	if (pool->kept_count > 0) {
		archive = pool->kept[--pool->kept_count];
	}
	(void)pthread_mutex_unlock(&pool->mutex);
	if (archive == NULL) {
		return km_archive_open(pool->root, pool->index, ret_archive);
	}
	*ret_archive = archive;
	return 0;
}

void km_archive_pool_give(struct km_archive_pool *pool, struct km_archive *archive, bool is_broken)
{
	if (archive == NULL) {
		return;
	}
	(void)pthread_mutex_lock(&pool->mutex);
	if (!is_broken && pool->kept_count < KEPT_MAX) {
		pool->kept[pool->kept_count++] = archive;
		archive = NULL;
	}
	(void)pthread_mutex_unlock(&pool->mutex);
	km_archive_close(archive);
}
