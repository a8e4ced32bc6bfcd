"""The base of the tasks that users send."""

from typing import Any

from pdfbatch.celery.configuration import find_options
from pdfbatch.celery.framework import BaseTask
from pdfbatch.executors import check_content


class EntryTask(BaseTask):
    """A task that users send. It goes to the queue for orchestration, unless they or their routes name another."""

    abstract = True

    def apply_async(self, args: Any = None, kwargs: Any = None, **options: Any) -> Any:
        """Send it. Raises ``UsageError`` where the application's workers would refuse JSON."""
        app = self.app
        check_content(app)
        if not {"queue", "exchange", "routing_key"} & options.keys():
            route: object = app.amqp.router.lookup_route(self.name, args, kwargs, options)
            if not route:
                options["queue"] = find_options(app).queues.orchestration
        return super().apply_async(args, kwargs, **options)
