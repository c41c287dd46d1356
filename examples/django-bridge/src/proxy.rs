use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{
    CONNECTION, HeaderMap, HeaderName, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE,
};
use axum::http::uri::{Authority, Scheme, Uri};
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// Passes requests on to Django, as they are.
#[derive(Debug, Clone)]
pub struct Proxy {
    client: Client<HttpConnector, Body>,
    django: Authority,
}

impl Proxy {
    /// Makes a proxy to Django's server.
    pub fn new(django: SocketAddr) -> Self {
        Self {
            client: Client::builder(TokioExecutor::new()).build_http(),
            django: Authority::try_from(django.to_string()).expect("an address is an authority"),
        }
    }

    /// Passes one request on, and its answer back.
    ///
    /// The `Host` header stays: Django compares it with `Origin` before it accepts a form.
    pub async fn pass(&self, mut request: Request) -> Response<Body> {
        let mut uri = request.uri().clone().into_parts();
        uri.scheme = Some(Scheme::HTTP);
        uri.authority = Some(self.django.clone());
        let Ok(uri) = Uri::from_parts(uri) else {
            return StatusCode::BAD_REQUEST.into_response();
        };
        *request.uri_mut() = uri;
        keep_end_to_end(request.headers_mut());
        match self.client.request(request).await {
            Ok(mut response) => {
                keep_end_to_end(response.headers_mut());
                response.map(Body::new)
            }
            Err(error) => {
                eprintln!("Django does not answer: {error}");
                StatusCode::BAD_GATEWAY.into_response()
            }
        }
    }
}

/// Removes the headers that are about one connection (RFC 9110, 7.6.1).
fn keep_end_to_end(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    let known = [
        CONNECTION,
        PROXY_AUTHENTICATE,
        PROXY_AUTHORIZATION,
        TE,
        TRAILER,
        TRANSFER_ENCODING,
        UPGRADE,
        HeaderName::from_static("keep-alive"),
    ];
    for name in named.iter().chain(&known) {
        headers.remove(name);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn headers_about_a_connection_end_with_it() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, x-hop"),
            ("x-hop", "1"),
            ("keep-alive", "timeout=5"),
            ("transfer-encoding", "chunked"),
            ("cookie", "sessionid=a"),
            ("host", "127.0.0.1:3000"),
        ] {
            headers.insert(name, value.parse().unwrap());
        }
        keep_end_to_end(&mut headers);
        let mut left: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(left, ["cookie", "host"]);
    }
}
