/*
 * komainu-lab-camera: a virtual network camera on gst-rtsp-server. See lab/README.md.
 */
#include "lab_certificate.h"
#include "lab_event.h"
#include "lab_mount.h"
#include "lab_options.h"

#include <glib-unix.h>
#include <signal.h>
#include <stdatomic.h>

struct camera {
	struct km_lab_options options;
	struct km_lab_mount *mounts[KM_LAB_OPTIONS_MOUNT_MAX];
	GMainLoop *loop;
	GstRTSPServer *server;
	GSource *listener;
	_Atomic int64_t first_play_us;
	int port;
	char fingerprint[KM_LAB_CERTIFICATE_HEX_SIZE];
};

static void report_all(struct camera *camera, const char *name)
{
	for (int i = 0; i < camera->options.mount_count; i++) {
		km_lab_mount_report(camera->mounts[i], name);
	}
}

static gboolean on_report(gpointer user)
{
	report_all(user, "sent");
	return G_SOURCE_CONTINUE;
}

static GstRTSPFilterResult close_client(GstRTSPServer *server, GstRTSPClient *client, gpointer user)
{
	(void)server;
	(void)user;
	gst_rtsp_client_close(client);
	return GST_RTSP_FILTER_KEEP;
}

static void close_clients(struct camera *camera)
{
	GList *kept = gst_rtsp_server_client_filter(camera->server, close_client, NULL);

	g_list_free_full(kept, g_object_unref);
}

static gboolean on_drop(gpointer user)
{
	close_clients(user);
	km_lab_event_print("drop", "%s", "");
	return G_SOURCE_CONTINUE;
}

static void stop_listening(struct camera *camera)
{
	g_source_destroy(camera->listener);
	g_source_unref(camera->listener);
	camera->listener = NULL;
}

/* Returns false if the port cannot be had. */
static bool start_listening(struct camera *camera)
{
	GError *error = NULL;
	char service[16];

	g_snprintf(service, sizeof(service), "%d", camera->port);
	gst_rtsp_server_set_service(camera->server, service);
	camera->listener = gst_rtsp_server_create_source(camera->server, NULL, &error);
	if (!camera->listener) {
		g_printerr("--address, --port: cannot listen on %s port %d: %s\n",
		    camera->options.address, camera->port, error->message);
		g_error_free(error);
		return false;
	}
	g_source_attach(camera->listener, NULL);
	camera->port = gst_rtsp_server_get_bound_port(camera->server);
	return true;
}

static gboolean on_return(gpointer user)
{
	struct camera *camera = user;

	if (!start_listening(camera)) {
		g_main_loop_quit(camera->loop);
		return G_SOURCE_REMOVE;
	}
	km_lab_event_print("restarted", ",\"port\":%d", camera->port);
	return G_SOURCE_REMOVE;
}

static gboolean on_restart(gpointer user)
{
	struct camera *camera = user;

	stop_listening(camera);
	close_clients(camera);
	km_lab_event_print("stopped", ",\"port\":%d", camera->port);
	g_timeout_add((guint)(camera->options.restart_for_us / 1000), on_return, camera);
	return G_SOURCE_REMOVE;
}

static gboolean on_first_play(gpointer user)
{
	struct camera *camera = user;
	const struct km_lab_options *options = &camera->options;

	if (options->drop_every_us) {
		g_timeout_add((guint)(options->drop_every_us / 1000), on_drop, camera);
	}
	if (options->restart_at_us) {
		g_timeout_add((guint)(options->restart_at_us / 1000), on_restart, camera);
	}
	return G_SOURCE_REMOVE;
}

/* Comes from the server's client threads. */
static void on_play(GstRTSPClient *client, GstRTSPContext *context, gpointer user)
{
	struct camera *camera = user;
	int64_t never = 0;

	(void)client;
	if (atomic_compare_exchange_strong(
		&camera->first_play_us, &never, g_get_monotonic_time())) {
		g_idle_add(on_first_play, camera);
	}
	km_lab_event_print("play", ",\"mount\":\"%s\",\"client\":\"%s\"", context->uri->abspath,
	    gst_rtsp_connection_get_ip(gst_rtsp_client_get_connection(client)));
	if (context->media && !camera->options.is_own_media) {
		km_lab_mount_force_key(context->media);
	}
}

static void on_closed(GstRTSPClient *client, gpointer user)
{
	(void)client;
	(void)user;
	km_lab_event_print("closed", "%s", "");
}

static void on_client(GstRTSPServer *server, GstRTSPClient *client, gpointer user)
{
	(void)server;
	km_lab_event_print("connected", "%s", "");
	g_signal_connect(client, "play-request", G_CALLBACK(on_play), user);
	g_signal_connect(client, "closed", G_CALLBACK(on_closed), user);
}

static GTlsCertificate *load_certificate(struct camera *camera)
{
	const struct km_lab_options *options = &camera->options;
	char made[KM_LAB_CERTIFICATE_PEM_MAX] = "";
	GTlsCertificate *certificate = NULL;
	GError *error = NULL;
	char *pem = NULL;

	if (options->certificate) {
		certificate =
		    g_tls_certificate_new_from_files(options->certificate, options->key, &error);
	} else if (km_lab_certificate_make(made) == 0) {
		certificate = g_tls_certificate_new_from_pem(made, -1, &error);
	}
	if (!certificate) {
		g_printerr(
		    "--certificate, --key: %s\n", error ? error->message : "cannot make one");
		g_clear_error(&error);
		return NULL;
	}
	g_object_get(certificate, "certificate-pem", &pem, NULL);
	if (km_lab_certificate_print(pem, camera->fingerprint) ||
	    (options->write_certificate &&
		!g_file_set_contents(options->write_certificate, pem, -1, &error))) {
		g_printerr("--write-certificate: %s\n", error ? error->message : "bad certificate");
		g_clear_error(&error);
		g_clear_object(&certificate);
	}
	g_free(pem);
	return certificate;
}

static void add_user(GstRTSPAuth *auth, const struct km_lab_options *options)
{
	GstRTSPToken *token =
	    gst_rtsp_token_new(GST_RTSP_TOKEN_MEDIA_FACTORY_ROLE, G_TYPE_STRING, "viewer", NULL);

	if (options->auth == KM_LAB_AUTH_NONE) {
		gst_rtsp_auth_set_default_token(auth, token);
	} else if (options->auth == KM_LAB_AUTH_BASIC) {
		char *basic = gst_rtsp_auth_make_basic(options->user, options->password);

		gst_rtsp_auth_set_supported_methods(auth, GST_RTSP_AUTH_BASIC);
		gst_rtsp_auth_add_basic(auth, basic, token);
		g_free(basic);
	} else {
		gst_rtsp_auth_set_supported_methods(auth, GST_RTSP_AUTH_DIGEST);
		gst_rtsp_auth_add_digest(auth, options->user, options->password, token);
	}
	gst_rtsp_token_unref(token);
}

/* Returns false after it has explained why. */
static bool set_up_auth(struct camera *camera)
{
	const struct km_lab_options *options = &camera->options;
	GstRTSPAuth *auth = gst_rtsp_auth_new();

	if (options->is_tls) {
		GTlsCertificate *certificate = load_certificate(camera);

		if (!certificate) {
			g_object_unref(auth);
			return false;
		}
		gst_rtsp_auth_set_tls_certificate(auth, certificate);
		g_object_unref(certificate);
	}
	add_user(auth, options);
	gst_rtsp_server_set_auth(camera->server, auth);
	g_object_unref(auth);
	return true;
}

static gboolean on_signal(gpointer user)
{
	struct camera *camera = user;

	g_main_loop_quit(camera->loop);
	return G_SOURCE_CONTINUE;
}

static void set_up_mounts(struct camera *camera)
{
	GstRTSPMountPoints *points = gst_rtsp_server_get_mount_points(camera->server);

	for (int i = 0; i < camera->options.mount_count; i++) {
		camera->mounts[i] = km_lab_mount_create(
		    &camera->options, camera->options.mounts[i], &camera->first_play_us);
		km_lab_mount_attach(camera->mounts[i], points);
	}
	g_object_unref(points);
}

static void print_ready(const struct camera *camera)
{
	const struct km_lab_options *options = &camera->options;

	for (int i = 0; i < options->mount_count; i++) {
		km_lab_event_print("ready",
		    ",\"url\":\"%s://%s:%d%s\",\"mount\":\"%s\",\"port\":%d%s%s%s",
		    options->is_tls ? "rtsps" : "rtsp", options->address, camera->port,
		    options->mounts[i], options->mounts[i], camera->port,
		    options->is_tls ? ",\"sha256\":\"" : "", camera->fingerprint,
		    options->is_tls ? "\"" : "");
	}
}

static void finish(struct camera *camera)
{
	if (camera->listener) {
		stop_listening(camera);
	}
	close_clients(camera);
	report_all(camera, "end");
}

/* The process ends here: client threads of the library may still use the mounts, so they stay. */
int main(int argc, char **argv)
{
	static struct camera camera;

	switch (km_lab_options_parse(argc, argv, &camera.options)) {
	case KM_LAB_OPTIONS_HELP:
		return 0;
	case KM_LAB_OPTIONS_BAD:
		return 2;
	case KM_LAB_OPTIONS_RUN:
		break;
	}
	gst_init(NULL, NULL);
	camera.loop = g_main_loop_new(NULL, FALSE);
	camera.server = gst_rtsp_server_new();
	camera.port = (int)camera.options.port;
	gst_rtsp_server_set_address(camera.server, camera.options.address);
	set_up_mounts(&camera);
	g_signal_connect(camera.server, "client-connected", G_CALLBACK(on_client), &camera);
	if (!set_up_auth(&camera) || !start_listening(&camera)) {
		return 1;
	}
	g_unix_signal_add(SIGTERM, on_signal, &camera);
	g_unix_signal_add(SIGINT, on_signal, &camera);
	g_timeout_add((guint)(camera.options.report_us / 1000), on_report, &camera);
	print_ready(&camera);
	g_main_loop_run(camera.loop);
	finish(&camera);
	return 0;
}
