/// The cases that no adapter can pass: Rocket drops a `Cookie` header that is not UTF-8, with the session's cookie in it; and
/// that of [`IN_ANY_CARRIER`].
pub const OF_THE_FRAMEWORK: [(&str, &str); 2] = [
    (
        "a_neighbour_that_is_no_utf_8_does_no_harm",
        "Rocket drops headers that are not UTF-8",
    ),
    IN_ANY_CARRIER[0],
];

/// The case that no adapter can pass for bearers either. A stream that is silent writes after 15 seconds.
#[allow(dead_code, reason = "in process there are cookies alone")]
pub const IN_ANY_CARRIER: [(&str, &str); 1] = [(
    "streams_whose_clients_have_gone_make_room_for_others",
    "Rocket notices that a client has gone when it writes again",
)];
