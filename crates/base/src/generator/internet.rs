//! `internet.*` and `geo.*`: addresses of machines and points on the earth.

use fake::locales::{Data, EN};

use super::decimal::{write_integer, write_scaled};
use super::layout::write_word;
use super::locale::Locale;
use super::random::Draws;

/// What a field shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InternetPart {
    Domain,
    Ipv4,
    Url,
    UserAgent,
}

/// First numbers of IPv4 networks without private or reserved parts.
const NETWORKS: [u8; 12] = [3, 17, 23, 45, 62, 80, 91, 104, 130, 151, 185, 213];

pub(super) fn write(part: InternetPart, locale: &Locale, draws: &mut Draws, out: &mut Vec<u8>) {
    match part {
        InternetPart::Domain => write_domain(locale, draws, out),
        InternetPart::Ipv4 => write_ipv4(draws, out),
        InternetPart::Url => {
            out.extend_from_slice(b"https://");
            write_domain(locale, draws, out);
            for _ in 0..=draws.pick(2) {
                out.push(b'/');
                write_word(EN::PATH_SEGMENTS, draws, out);
            }
        }
        InternetPart::UserAgent => write_word(EN::INTERNET_USER_AGENT, draws, out),
    }
}

/// `example` is a reserved top-level domain: nothing generated ever resolves.
fn write_domain(locale: &Locale, draws: &mut Draws, out: &mut Vec<u8>) {
    locale.last[draws.pick(locale.last.len())].slug.write(out);
    out.push(b'-');
    write_word(EN::PATH_SEGMENTS, draws, out);
    out.extend_from_slice(b".example");
}

fn write_ipv4(draws: &mut Draws, out: &mut Vec<u8>) {
    write_integer(i64::from(NETWORKS[draws.pick(NETWORKS.len())]), out);
    for (first, count) in [(0, 256), (0, 256), (1, 254)] {
        out.push(b'.');
        write_integer(first + draws.pick(count) as i64, out);
    }
}

/// Degrees with six decimals (about 0.1 m).
const DEGREE: f64 = 1e6;

/// Spread evenly over the sphere, not over the degrees: the poles are small.
pub(super) fn write_latitude(draws: &mut Draws, out: &mut Vec<u8>) {
    let height = 2.0 * draws.unit() - 1.0;
    let degrees = libm::asin(height).to_degrees();
    write_scaled(libm::round(degrees * DEGREE) as i64, 6, out);
}

pub(super) fn write_longitude(draws: &mut Draws, out: &mut Vec<u8>) {
    write_scaled(draws.below(360_000_000).cast_signed() - 180_000_000, 6, out);
}
