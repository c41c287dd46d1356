use std::any::type_name;
use std::sync::{PoisonError, RwLock};

use rocket::fairing::{self, Fairing, Info, Kind};
use rocket::http::uri::Origin;
use rocket::http::{Method, Status};
use rocket::outcome::Outcome;
use rocket::route::{self, Handler, Route};
use rocket::{Build, Data, Request, Rocket, async_trait};
use session_core::{SessionError, named};
use session_rocket::{Rejection, SessionHandle};

use crate::{Csrf, CsrfToken, Verdict};

named! {
    /// The fairing that refuses forged requests with a 403; the [module's docs](crate::rocket) have an example.
    ///
    /// The refusal is told to the observer of the session's policy, as that of the other frameworks is
    /// ([`SessionError::Forged`]); the application's catchers answer. A token in a form is found if it is the form's first field: Rocket shows a fairing the first 512 bytes of a
    /// body. The session is loaded only where a token is asked for.
    pub struct CsrfFairing(Csrf) { under: Vec<String> }
}

impl CsrfFairing {
    /// Creates the fairing for the unnamed session.
    #[must_use]
    pub fn new(csrf: Csrf) -> Self {
        csrf.into()
    }
}

impl<M> CsrfFairing<M> {
    /// Goes by the session that is [named](session_rocket::SessionFairing::named) `N` instead.
    ///
    /// Each session that travels by cookie has a guard of its own; see [`Csrf`] and [`under`](Self::under).
    #[must_use]
    pub fn named<N>(self) -> CsrfFairing<N> {
        self.renamed()
    }

    /// Looks after the requests for a path and all below it, and leaves them to no other fairing.
    ///
    /// Fairings see every request of the application. Of several guards the one with the longest path that a request is under decides, so
    /// attach one without a path too, for whatever is under none.
    ///
    /// ```
    /// # use session_core::Policy;
    /// # use session_extras::{Csrf, OriginError, rocket::CsrfFairing};
    /// # use session_rocket::{SessionFairing, Sessions};
    /// # use session_store::MemoryStore;
    /// # struct Admin;
    /// # let (visitors, admins) = (Policy::default(), Policy::builder().cookie_name("__Host-admin").build().unwrap());
    /// # let [visitors, admins] = [visitors, admins].map(|policy| Sessions::new(policy, MemoryStore::new()));
    /// let csrf = Csrf::new(["https://shop.example"])?;
    /// let rocket = rocket::build()
    ///     .attach(CsrfFairing::new(csrf.clone()))
    ///     .attach(CsrfFairing::new(csrf).named::<Admin>().under("/admin")) // alone there
    ///     .attach(SessionFairing::new(admins).named::<Admin>())
    ///     .attach(SessionFairing::new(visitors));
    /// # drop(rocket);
    /// # Ok::<(), OriginError>(())
    /// ```
    ///
    /// # Panics
    ///
    /// The path does not begin with `/`, or has characters that stand for others: write `/admin`, and not `/<area>` or `/%61dmin`. Nor may a segment
    /// be `.` or `..`, which browsers resolve before they ask.
    #[track_caller]
    #[must_use]
    pub fn under(mut self, path: &str) -> Self {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
        assert!(
            path.starts_with('/') && path.bytes().all(is_plain),
            "a CSRF guard is under a plain path such as `/admin`, not {path:?}"
        );
        let segments = path.split('/').filter(|segment| !segment.is_empty());
        self.under = segments.map(str::to_owned).collect();
        let is_dots = |segment: &String| matches!(segment.as_str(), "." | "..");
        assert!(
            !self.under.iter().any(is_dots),
            "no browser asks for {path:?}, which has a segment of dots"
        );
        self
    }

    /// Says whether no other guard is closer to the request.
    fn decides(&self, request: &Request<'_>) -> bool {
        let Some(guards) = request.rocket().state::<Guards>() else {
            return true;
        };
        let guards = guards.0.read().unwrap_or_else(PoisonError::into_inner);
        let around = guards.iter().filter(|path| is_under(request, path));
        let closest = around.map(Vec::len).max().unwrap_or_default();
        is_under(request, &self.under) && self.under.len() == closest
    }
}

/// Says whether a request is for a path or one below it, as Rocket's router reads paths: decoded, without empty segments.
fn is_under(request: &Request<'_>, path: &[String]) -> bool {
    let mut segments = request.uri().path().segments();
    path.iter()
        .all(|segment| segments.next() == Some(segment.as_str()))
}

/// The paths of all guards that are attached.
struct Guards(RwLock<Vec<Vec<String>>>);

#[async_trait]
impl<M: 'static> Fairing for CsrfFairing<M> {
    fn info(&self) -> Info {
        Info {
            name: "CSRF",
            kind: Kind::Ignite | Kind::Request,
        }
    }

    async fn on_ignite(&self, mut rocket: Rocket<Build>) -> fairing::Result {
        if rocket.state::<Guards>().is_none() {
            rocket = rocket.manage(Guards(RwLock::default()));
        }
        if let Some(guards) = rocket.state::<Guards>() {
            let mut guards = guards.0.write().unwrap_or_else(PoisonError::into_inner);
            guards.push(self.under.clone());
        }
        let is_there = rocket.routes().any(|route| route.uri.path() == REFUSED);
        if is_there {
            return Ok(rocket);
        }
        let mut route = Route::new(Method::Get, REFUSED, Refuse);
        route.name = Some("refused by the CSRF guard".into());
        Ok(rocket.mount("/", vec![route]))
    }

    // A fairing can't answer. So the request goes to a route that refuses everything.
    async fn on_request(&self, request: &mut Request<'_>, data: &mut Data<'_>) {
        if !self.decides(request) {
            return;
        }
        let refusal = match refusal::<M>(self, request, data).await {
            Ok(()) => return,
            Err(status) => status,
        };
        request.local_cache(|| Refusal(refusal));
        request.set_method(Method::Get);
        request.set_uri(Origin::const_new(REFUSED, None));
    }
}

async fn refusal<M: 'static>(
    csrf: &Csrf,
    request: &Request<'_>,
    data: &mut Data<'_>,
) -> Result<(), Status> {
    let handle = match request.guard::<SessionHandle<M>>().await {
        Outcome::Success(handle) => handle,
        Outcome::Error((status, _)) | Outcome::Forward(status) => {
            tracing::error!("no session fairing `{}` is attached", type_name::<M>());
            return Err(status);
        }
    };
    let headers = request.headers();
    let values = |name| headers.get(name).map(str::as_bytes);
    // The page is not used: a catcher answers.
    let told = |error: &SessionError| {
        let failure = error.failure();
        let _page = handle.sessions().policy().refuse(&failure, "");
        Status::new(failure.status())
    };
    match csrf.judge(request.method().as_str(), handle.carrier(), values) {
        Verdict::Pass => return Ok(()),
        Verdict::Refuse => return Err(told(&SessionError::Forged)),
        Verdict::AskToken => {}
    }
    let session = handle.load().await;
    let session = session.map_err(|Rejection(error)| told(&error))?;
    let is_right = if let Some(token) = headers.get_one(CsrfToken::HEADER) {
        CsrfToken::verify(&session, token)
    } else if request.content_type().is_some_and(|kind| kind.is_form()) {
        let beginning = data.peek(512).await;
        let token = CsrfToken::in_form(beginning);
        token.is_some_and(|text| CsrfToken::verify(&session, text))
    } else {
        false
    };
    if is_right {
        Ok(())
    } else {
        Err(told(&SessionError::Forged))
    }
}

/// Why the request was refused.
struct Refusal(Status);

/// The handler of the route that refuses.
#[derive(Clone)]
struct Refuse;

#[async_trait]
impl Handler for Refuse {
    async fn handle<'r>(&self, request: &'r Request<'_>, _: Data<'r>) -> route::Outcome<'r> {
        Outcome::Error(request.local_cache(|| Refusal(Status::Forbidden)).0)
    }
}

const REFUSED: &str = "/.well-known/csrf-refused";
