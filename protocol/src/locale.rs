//! Names of languages (BCP 47) and of time zones (the IANA database), in their usual spelling.

const SUBTAGS_MAX: usize = 8;

/// A language tag such as `de-AT`, spelled as RFC 5646 recommends: the language in lower case, a
/// script capitalised, a region in capitals. `None` for a text that is no tag, and for the forms that
/// say nothing about a language (private use, grandfathered).
pub fn canonical_locale(text: &str) -> Option<String> {
    let mut subtags = text.split('-');
    let language = subtags.next().filter(|tag| is_alphabetic(tag, 2..=3))?;
    let mut locale = language.to_ascii_lowercase();
    let (mut script, mut region, mut extended) = (false, false, false);
    for (place, subtag) in subtags.enumerate() {
        if place >= SUBTAGS_MAX || !is_alphanumeric(subtag, 1..=8) {
            return None;
        }
        locale.push('-');
        if !extended && !script && !region && is_alphabetic(subtag, 4..=4) {
            script = true;
            locale.push_str(&subtag[..1].to_ascii_uppercase());
            locale.push_str(&subtag[1..].to_ascii_lowercase());
        } else if !extended && !region && is_region(subtag) {
            region = true;
            locale.push_str(&subtag.to_ascii_uppercase());
        } else {
            extended = true;
            locale.push_str(&subtag.to_ascii_lowercase());
        }
    }
    is_alphanumeric(locale.rsplit('-').next()?, 2..=8).then_some(locale)
}

fn is_region(subtag: &str) -> bool {
    is_alphabetic(subtag, 2..=2) || (subtag.len() == 3 && is_numeric(subtag))
}

fn is_numeric(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

fn is_alphabetic(text: &str, lengths: std::ops::RangeInclusive<usize>) -> bool {
    lengths.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphabetic())
}

fn is_alphanumeric(text: &str, lengths: std::ops::RangeInclusive<usize>) -> bool {
    lengths.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// The name of a zone in the IANA database, in the database's spelling.
pub fn canonical_time_zone(text: &str) -> Option<String> {
    jiff::tz::db().get(text).ok()?.iana_name().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_get_their_usual_spelling() {
        for (typed, spelled) in [
            ("en", "en"),
            ("EN-us", "en-US"),
            ("zh-hant-tw", "zh-Hant-TW"),
            ("es-419", "es-419"),
            ("de-AT-1996", "de-AT-1996"),
            ("en-u-CA-gregory", "en-u-ca-gregory"),
        ] {
            assert_eq!(canonical_locale(typed).as_deref(), Some(spelled));
        }
        let long = format!("en{}", "-abcdef".repeat(9));
        for bad in ["", "e", "english", "en_US", "en-", "-en", "en--us", "en-u", "x-a", "é", &long]
        {
            assert_eq!(canonical_locale(bad), None, "{bad}");
        }
    }

    #[test]
    fn zones_are_those_of_the_database() {
        for (typed, spelled) in
            [("UTC", "UTC"), ("Europe/Vienna", "Europe/Vienna"), ("europe/vienna", "Europe/Vienna")]
        {
            assert_eq!(canonical_time_zone(typed).as_deref(), Some(spelled));
        }
        for bad in ["", "EST5", "Europe/Nowhere", "+01:00", "../etc/passwd"] {
            assert_eq!(canonical_time_zone(bad), None, "{bad}");
        }
    }
}
