import os

from fasthtml.common import Button, Div, P, Titled, fast_app, serve

app, route = fast_app(secret_key="not a secret, a test")


@route
def index():
    return Titled("Numbers", Div(P("nothing yet"), id="number"), Button("Next", post=following, target_id="number"))


@route
def following(number: int = 41):
    return P(f"the number {number + 1}")


serve(port=int(os.environ["PORT"]), reload=False)
