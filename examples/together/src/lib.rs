//! Tests of all showcase servers on one store, and of each README, whose snippets are this crate's
//! doctests.

macro_rules! readmes {
    ($($name:ident: $path:literal),* $(,)?) => {
        $(#[cfg(doctest)]
        #[doc = include_str!($path)]
        struct $name;)*
    };
}

readmes! {
    Project: "../../../README.md",
    Core: "../../../session-core/README.md",
    Store: "../../../session-store/README.md",
    Axum: "../../../session-axum/README.md",
    Actix: "../../../session-actix/README.md",
    Rocket: "../../../session-rocket/README.md",
    Testkit: "../../../session-testkit/README.md",
}
