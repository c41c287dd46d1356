//! All showcase servers at once on one store; there are only tests here.
