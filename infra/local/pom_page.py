"""The HTML of the stand-in's settings page: Settings, Apps, Stripe."""

from __future__ import annotations

import json
import shlex
from html import escape

_OUTCOMES = {
    "": "",
    "pending": "Stripe has authorized the connection. One step is left: finish the set-up here.",
    "denied": "The connection was cancelled at Stripe. Nothing was changed. Use Install to try again.",
    "error": "The connection could not be made. Use Install to try again.",
}

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><title>Settings - Apps</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 44rem; margin: 3rem auto; padding: 0 1rem; }}
button {{ font: inherit; padding: .5rem 1rem; border: 0; border-radius: .4rem; background: #0a6; color: #fff; }}
pre, textarea {{ background: #f3f4f6; padding: .8rem; border-radius: .4rem; white-space: pre-wrap;
  overflow-wrap: anywhere; width: 100%; box-sizing: border-box; }}
[role=status] {{ padding: .8rem; border-left: .3rem solid #0a6; background: #f3f4f6; }}
</style>
</head>
<body>
<h1>Settings &rsaquo; Apps &rsaquo; Stripe</h1>
{outcome}
<p><button id="install" type="button">Install or reconnect</button>
<button id="show" type="button">Show the connection</button></p>
{finish}
<h2>Answer</h2>
<pre id="answer" aria-live="polite">-</pre>
<h2>Signed in as</h2>
<p>The sample administrator; paste another access token to act as somebody else.</p>
<textarea id="token" rows="5" aria-label="Access token">{token}</textarea>
<script type="application/json" id="page">{page}</script>
<script>
const page = JSON.parse(document.getElementById("page").textContent);
const answer = document.getElementById("answer");
async function call(method, path, body) {{
  const headers = {{ Authorization: "Bearer " + document.getElementById("token").value.trim() }};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  try {{
    const response = await fetch(page.api + path,
      {{ method, headers, body: body === undefined ? undefined : JSON.stringify(body) }});
    const text = await response.text();
    let shown = text;
    try {{ shown = JSON.parse(text); }} catch (error) {{ return {{ ok: false, shown: text }}; }}
    answer.textContent = response.status + "\\n" + JSON.stringify(shown, null, 2);
    return {{ ok: response.ok, shown }};
  }} catch (error) {{
    answer.textContent = "The API did not answer: " + error;
    return {{ ok: false }};
  }}
}}
document.getElementById("install").addEventListener("click", async () => {{
  const begun = await call("POST", "/v1/stripe/connection");
  if (begun.ok) location.href = begun.shown.authorizeUrl;
}});
document.getElementById("show").addEventListener("click", () => call("GET", "/v1/stripe/connection"));
const finish = document.getElementById("finish");
if (finish) finish.addEventListener("click", () =>
  call("POST", "/v1/stripe/connection/complete", {{ state: page.state }}));
</script>
</body>
</html>
"""


def settings_page(api_url: str, token: str, *, outcome: str, state: str, code: str) -> str:
    """The page after a callback with `outcome` (empty: opened by hand), for an admin who holds `token`."""
    text = _OUTCOMES.get(outcome, "Stripe's answer was not understood. Use Install to try again.")
    if outcome == "error" and code:
        text += f" (code: {code})"
    finish = ""
    if outcome == "pending":
        curl = complete_curl(api_url, token, state)
        finish = (
            '<p><button id="finish" type="button">Finish set-up</button></p>'
            f"<p>The same from a terminal:</p><pre>{escape(curl)}</pre>"
        )
    page = json.dumps({"api": api_url, "state": state}).replace("<", "\\u003c")
    return _PAGE.format(
        outcome=f'<p role="status">{escape(text)}</p>' if text else "",
        finish=finish,
        token=escape(token),
        page=page,
    )


def complete_curl(api_url: str, token: str, state: str) -> str:
    """The command that finishes a pending connection."""
    body = json.dumps({"state": state})
    return (
        f"curl -sS -X POST {shlex.quote(f'{api_url}/v1/stripe/connection/complete')} "
        f"-H {shlex.quote(f'Authorization: Bearer {token}')} "
        f"-H 'Content-Type: application/json' -d {shlex.quote(body)}"
    )
