from django.urls import path

from jobs.views import job, policy

urlpatterns = [
    path("settings/jobs/", policy.job_policy, name="job_policy"),
    path("jobs/", job.jobs, name="jobs"),
    path("jobs/bell/", job.jobs_bell, name="jobs_bell"),
    path("jobs/<int:job_id>/", job.job, name="job"),
    path("jobs/<int:job_id>/seen/", job.job_seen, name="job_seen"),
    path("jobs/<int:job_id>/pause/", job.job_pause, name="job_pause"),
    path("jobs/<int:job_id>/resume/", job.job_resume, name="job_resume"),
    path("jobs/<int:job_id>/cancel/", job.job_cancel, name="job_cancel"),
    path("jobs/<int:job_id>/approve/", job.job_approve, name="job_approve"),
    path("jobs/<int:job_id>/decline/", job.job_decline, name="job_decline"),
]
