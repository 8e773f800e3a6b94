use url::form_urlencoded;

/// The most fields that are shown of a form.
const MOST: usize = 1000;

/// The fields of a form body, decoded, in order; and whether there are more.
pub(super) fn fields(bytes: &[u8]) -> (Vec<(String, String)>, bool) {
    let mut all = form_urlencoded::parse(bytes);
    let fields = all
        .by_ref()
        .take(MOST)
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    (fields, all.next().is_some())
}
