//! A web function for API Gateway, a function URL or a load balancer.
//!
//! `GET /` returns the caller's address and counts visits in a cookie, `POST /echo` returns the body, and
//! `GET /pixel.gif` returns a picture, which is sent to the front end in Base64.
#![cfg_attr(not(test), no_main)]

use coldspark::http::{Body, Method, Origin, Request, Response, StatusCode, header};
use coldspark::{Context, Error, Runtime};

coldspark::main!(Runtime::new().http("web", serve));

/// One white pixel.
const PIXEL: &[u8] =
    b"GIF89a\x01\0\x01\0\x80\0\0\xff\xff\xff\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

fn serve(request: Request<Body>, _: &Context<'_>) -> Result<Response<Body>, Error> {
    let origin = request.extensions().get::<Origin>();
    let path = request.uri().path();
    let path = origin.map_or(path, |origin| origin.without_stage(path));
    let response = Response::builder();
    let response = match (request.method(), path) {
        (&Method::GET, "/") => {
            let caller = origin.and_then(Origin::source_ip);
            let caller = caller.map_or("somewhere".to_owned(), |address| address.to_string());
            let visits = visits(&request) + 1;
            response
                .header(header::CONTENT_TYPE, "text/plain; charset=utf-8")
                .header(header::SET_COOKIE, format!("visits={visits}"))
                .body(format!("visit {visits} from {caller}\n").into())
        }
        (&Method::POST, "/echo") => {
            let form = request.headers().get(header::CONTENT_TYPE).cloned();
            let form = form.unwrap_or(header::HeaderValue::from_static("application/octet-stream"));
            response
                .header(header::CONTENT_TYPE, form)
                .body(request.into_body())
        }
        (&Method::GET, "/pixel.gif") => response
            .header(header::CONTENT_TYPE, "image/gif")
            .body(PIXEL.into()),
        _ => response
            .status(StatusCode::NOT_FOUND)
            .header(header::CONTENT_TYPE, "text/plain; charset=utf-8")
            .body(format!("there is no {path}\n").into()),
    };
    Ok(response?)
}

/// The number in the cookie `visits`.
fn visits(request: &Request<Body>) -> u32 {
    let cookies = request.headers().get_all(header::COOKIE).iter();
    let mut cookies = cookies.filter_map(|all| {
        all.to_str()
            .ok()?
            .split("; ")
            .find_map(|cookie| cookie.strip_prefix("visits=")?.parse().ok())
    });
    cookies.next().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use coldspark::testing;

    #[test]
    fn visits_are_counted() -> Result<(), Error> {
        let request = Request::get("/").header(header::COOKIE, "a=b; visits=3");
        let context = testing::context().build();
        let response = serve(request.body(Body::default())?, &context)?;
        assert_eq!(response.body().text()?, "visit 4 from somewhere\n");
        assert_eq!(response.headers()[header::SET_COOKIE], "visits=4");
        Ok(())
    }

    #[test]
    fn an_event_is_answered_in_its_form() -> Result<(), Error> {
        let function = testing::Function::new(Runtime::new().http("web", serve), "web")?;
        let answer = function.call(include_bytes!("../event.json"))?;
        let answer: serde_json::Value = answer.json()?;
        assert_eq!(answer["statusCode"], 200);
        Ok(())
    }
}
