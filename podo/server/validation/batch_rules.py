"""The table of the batch group."""

from podo.server.validation.batch import cron_job, job, status
from podo.server.validation.metadata import changed_only
from podo.server.validation.rules import Rules

TABLE: dict[tuple[str, str], Rules] = {
    ("batch/v1", "Job"): Rules(job.create, job.update, {"status": status.status_update}),
    ("batch/v1", "CronJob"): Rules(cron_job.create, cron_job.update, {"status": changed_only}),
}
