"""The Chalice app, through which Chalice finds every Lambda of this service."""

from chalice.app import Chalice

from chalicelib import restoring  # noqa: F401 -- registers the hooks of SnapStart
from chalicelib.api.blueprints import blueprints as api_blueprints
from chalicelib.api.http import chalice_adapter
from chalicelib.workers.registry import WORKERS

app = Chalice(app_name="pom-stripe", configure_logs=False)
app.register_middleware(chalice_adapter.chalice_middleware, "http")
for blueprint in (*api_blueprints, *WORKERS):
    app.register_blueprint(blueprint)
