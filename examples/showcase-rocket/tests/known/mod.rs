/// The case that no adapter can pass: Rocket drops a `Cookie` header that is not UTF-8, with the
/// session's cookie in it.
pub const OF_THE_FRAMEWORK: [(&str, &str); 1] = [(
    "a_neighbour_that_is_no_utf_8_does_no_harm",
    "Rocket drops headers that are not UTF-8",
)];
