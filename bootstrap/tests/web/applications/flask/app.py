from flask import Flask, Response, jsonify, make_response, request

app = Flask(__name__)


@app.get("/")
def root():
    answer = make_response("page " + request.args["page"])
    answer.set_cookie("seen", "1")
    answer.set_cookie("theme", "dark")
    return answer


@app.put("/files/<name>")
def upload(name):
    return jsonify(name=name, bytes=len(request.get_data()))


@app.get("/ticks")
def ticks():
    return Response((f"data: {number}\n\n" for number in (1, 2, 3)), mimetype="text/event-stream")
