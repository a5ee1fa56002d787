//! tower's services as HTTP handlers: an axum `Router`, or a stack of layers. It needs the feature `tower`.

use std::convert::Infallible;
use std::future::poll_fn;
use std::mem;
use std::pin::{Pin, pin};
use std::task::{Context as TaskContext, Poll};

use ::http::{Request, Response};
use bytes::{BufMut, Bytes};
use http_body::{Frame, SizeHint};
use tower_service::Service;

use crate::error::Error;
use crate::http::Body;
use crate::invocation::Context;

/// The body of a request is one frame: Lambda delivers it whole.
impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.is_empty() {
            return Poll::Ready(None);
        }
        let bytes = mem::take(&mut *self).into_bytes();
        Poll::Ready(Some(Ok(Frame::data(bytes.into()))))
    }

    fn is_end_stream(&self) -> bool {
        self.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.len() as u64)
    }
}

impl<S> Context<'_, S> {
    /// Calls a tower service, such as an axum `Router`, and waits for its whole response as
    /// [`block_on`](Self::block_on) does. It needs the feature `tower`.
    ///
    /// A service is made in the init step and cloned for each request, as servers do:
    ///
    /// ```
    /// use coldspark::Runtime;
    /// use coldspark::http::{Body, Request, Response};
    /// # use std::task::Poll;
    /// # use std::future::{Ready, ready};
    /// # #[derive(Clone)] struct Router;
    /// # impl tower_service::Service<Request<Body>> for Router {
    /// #     type Response = Response<Body>;
    /// #     type Error = std::convert::Infallible;
    /// #     type Future = Ready<Result<Response<Body>, Self::Error>>;
    /// #     fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> Poll<Result<(), Self::Error>> {
    /// #         Poll::Ready(Ok(()))
    /// #     }
    /// #     fn call(&mut self, request: Request<Body>) -> Self::Future {
    /// #         ready(Ok(Response::new(request.into_body())))
    /// #     }
    /// # }
    ///
    /// let runtime = Runtime::with_init(|init| {
    ///     init.tokio()?;
    ///     Ok(Router) // axum's, say
    /// })
    /// .http("web", |request, context| context.serve(context.state().clone(), request));
    /// # let function = coldspark::testing::Function::new(runtime, "web")?;
    /// # let event = r#"{"version": "2.0", "rawPath": "/", "body": "rope",
    /// #     "requestContext": {"http": {"method": "POST"}}}"#;
    /// # let answer: serde_json::Value = function.call(event)?.json()?;
    /// # assert_eq!(answer["body"], "rope");
    /// # Ok::<(), coldspark::Error>(())
    /// ```
    ///
    /// The [`Origin`](crate::http::Origin) of the request is in its extensions.
    ///
    /// # Errors
    /// The errors of the service and of its body, and `Function.Timeout`.
    pub fn serve<V, B>(&self, service: V, request: Request<Body>) -> Result<Response<Body>, Error>
    where
        V: Service<Request<Body>, Response = Response<B>>,
        V::Error: Into<Error>,
        B: http_body::Body,
        B::Error: Into<Error>,
    {
        self.block_on(answer(service, request))
    }
}

async fn answer<V, B>(mut service: V, request: Request<Body>) -> Result<Response<Body>, Error>
where
    V: Service<Request<Body>, Response = Response<B>>,
    V::Error: Into<Error>,
    B: http_body::Body,
    B::Error: Into<Error>,
{
    let ready = poll_fn(|task| service.poll_ready(task)).await;
    ready.map_err(Into::into)?;
    let response = service.call(request).await.map_err(Into::into)?;
    let (parts, body) = response.into_parts();
    let mut body = pin!(body);
    let mut bytes = Vec::new();
    while let Some(frame) = poll_fn(|task| body.as_mut().poll_frame(task)).await {
        // Lambda's answers cannot have trailers.
        if let Ok(data) = frame.map_err(Into::into)?.into_data() {
            bytes.put(data);
        }
    }
    Ok(Response::from_parts(parts, bytes.into()))
}
