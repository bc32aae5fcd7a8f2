/*
 * The rows of the verbs, each defined in the file of its family.
 */
#ifndef KM_CMD_VERBS_H
#define KM_CMD_VERBS_H

#include "cmd/verb.h"

extern const struct km_verb km_verb_init;       /* verb_init.c */
extern const struct km_verb km_verb_run;        /* verb_run.c */
extern const struct km_verb km_verb_status;     /* verb_status.c */
extern const struct km_verb km_verb_version;    /* verb_init.c */
extern const struct km_verb km_verb_camera_add; /* verb_camera.c */
extern const struct km_verb km_verb_camera_set;
extern const struct km_verb km_verb_camera_list;
extern const struct km_verb km_verb_camera_remove;
extern const struct km_verb km_verb_camera_test;     /* verb_camera_test.c */
extern const struct km_verb km_verb_camera_discover; /* verb_camera_discover.c */
extern const struct km_verb km_verb_user_add;        /* verb_user.c */
extern const struct km_verb km_verb_user_list;
extern const struct km_verb km_verb_user_password;
extern const struct km_verb km_verb_user_disable;
extern const struct km_verb km_verb_user_enable;
extern const struct km_verb km_verb_user_grant;
extern const struct km_verb km_verb_user_revoke;
extern const struct km_verb km_verb_alarm_list; /* verb_alarm.c */
extern const struct km_verb km_verb_alarm_acknowledge;
extern const struct km_verb km_verb_incident_list; /* verb_incident.c */
extern const struct km_verb km_verb_incident_show;
extern const struct km_verb km_verb_incident_open;
extern const struct km_verb km_verb_incident_work;
extern const struct km_verb km_verb_incident_end;
extern const struct km_verb km_verb_duty_list; /* verb_duty.c */
extern const struct km_verb km_verb_duty_add;
extern const struct km_verb km_verb_duty_set;
extern const struct km_verb km_verb_duty_remove;
extern const struct km_verb km_verb_duty_done;
extern const struct km_verb km_verb_duty_history;
extern const struct km_verb km_verb_snapshot_list; /* verb_snapshot.c */
extern const struct km_verb km_verb_snapshot_take;
extern const struct km_verb km_verb_diff;
extern const struct km_verb km_verb_camera_password; /* verb_camera_password.c */
extern const struct km_verb km_verb_camera_fix;      /* verb_camera_fix.c */
extern const struct km_verb km_verb_camera_fixes;
extern const struct km_verb km_verb_camera_aid;
extern const struct km_verb km_verb_maintenance_list; /* verb_maintenance.c */
extern const struct km_verb km_verb_maintenance_begin;
extern const struct km_verb km_verb_maintenance_end;
extern const struct km_verb km_verb_export;       /* verb_export.c */
extern const struct km_verb km_verb_verify;       /* verb_verify.c */
extern const struct km_verb km_verb_journal_show; /* verb_journal.c */
extern const struct km_verb km_verb_journal_review;
extern const struct km_verb km_verb_journal_state;
extern const struct km_verb km_verb_journal_verify; /* verb_journal_verify.c */
extern const struct km_verb km_verb_journal_export;
extern const struct km_verb km_verb_certificate_show; /* verb_certificate.c */
extern const struct km_verb km_verb_certificate_install;
extern const struct km_verb km_verb_certificate_renew;
extern const struct km_verb km_verb_certificate_request;
extern const struct km_verb km_verb_certificate_ca_init;
extern const struct km_verb km_verb_certificate_ca_export;
extern const struct km_verb km_verb_certificate_ca_issue;
extern const struct km_verb km_verb_parts; /* verb_parts.c */

extern const struct km_verb km_verb_user_set;
extern const struct km_verb km_verb_user_unlock;
extern const struct km_verb km_verb_user_totp;    /* verb_user_totp.c */
extern const struct km_verb km_verb_session_list; /* verb_session.c */
extern const struct km_verb km_verb_session_end;
extern const struct km_verb km_verb_token_list; /* verb_token.c */
extern const struct km_verb km_verb_token_add;
extern const struct km_verb km_verb_token_revoke;
extern const struct km_verb km_verb_destination_add; /* verb_destination.c */
extern const struct km_verb km_verb_destination_set;
extern const struct km_verb km_verb_destination_list;
extern const struct km_verb km_verb_destination_test;
extern const struct km_verb km_verb_destination_remove;
extern const struct km_verb km_verb_notice_list;
extern const struct km_verb km_verb_metrics_token; /* verb_metrics.c */
extern const struct km_verb km_verb_audit;         /* verb_audit.c */
extern const struct km_verb km_verb_audit_list;
extern const struct km_verb km_verb_audit_facts;
extern const struct km_verb km_verb_audit_stop;
extern const struct km_verb km_verb_checklist;        /* verb_checklist.c */
extern const struct km_verb km_verb_checklist_report; /* verb_checklist_report.c */
extern const struct km_verb km_verb_checklist_show;
extern const struct km_verb km_verb_checklist_profile;
extern const struct km_verb km_verb_attest;
extern const struct km_verb km_verb_attest_list;
extern const struct km_verb km_verb_attest_withdraw;
extern const struct km_verb km_verb_waive;
extern const struct km_verb km_verb_waive_list;
extern const struct km_verb km_verb_waive_end;
extern const struct km_verb km_verb_spec;        /* verb_spec.c */
extern const struct km_verb km_verb_camera_fact; /* verb_camera_fact.c */
extern const struct km_verb km_verb_vuln_import; /* verb_vuln_import.c */
extern const struct km_verb km_verb_vuln_list;   /* verb_vuln.c */
extern const struct km_verb km_verb_vuln_show;
extern const struct km_verb km_verb_vuln_status;

#endif
