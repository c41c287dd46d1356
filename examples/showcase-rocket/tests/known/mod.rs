/// What no adapter can mend: Rocket drops a `Cookie` header that is no UTF-8 before anybody sees
/// it, and the session's cookie with it.
pub const OF_THE_FRAMEWORK: [(&str, &str); 1] = [(
    "a_neighbour_that_is_no_utf_8_does_no_harm",
    "Rocket drops headers that are no UTF-8",
)];
