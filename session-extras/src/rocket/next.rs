use rocket::form::{self, FromFormField, ValueField};

use crate::Next;

/// A field `next` of a form or query; without it, it is `/`.
///
/// ```
/// use rocket::form::Form;
/// use rocket::response::Redirect;
/// use rocket::{FromForm, post};
/// use session_extras::Next;
///
/// #[derive(FromForm)]
/// struct Login<'r> {
///     password: &'r str,
///     next: Next,
/// }
///
/// #[post("/login", data = "<form>")]
/// fn login(form: Form<Login<'_>>) -> Redirect {
///     // … after you have checked the password:
///     Redirect::to(form.next.as_str().to_owned())
/// }
/// ```
impl<'v> FromFormField<'v> for Next {
    fn from_value(field: ValueField<'v>) -> form::Result<'v, Self> {
        Ok(Self::from_untrusted(field.value))
    }

    fn default() -> Option<Self> {
        Some(<Self as Default>::default())
    }
}
