//! Decimal numbers at the speed of large files, to the bits of the standard library.

/// Powers of ten that a 64-bit float holds exactly.
const EXACT_POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
];

/// Whole numbers up to here are exact as 64-bit floats.
const LARGEST_EXACT: u64 = 1 << 53;

/// The decimal number that the bytes begin with, and how many of them it takes. No words: `nan` and `inf` are none.
///
/// Most numbers of a file have few digits. Those are the quotient or product of two exact floats, which IEEE 754 rounds
/// correctly (Clinger 1990, "How to read floating point numbers accurately", section 5); all others are left to the
/// standard library.
#[inline]
pub(super) fn leading(bytes: &[u8]) -> Option<(f64, usize)> {
    let signed = matches!(bytes.first()?, b'+' | b'-');
    let mut at = usize::from(signed);
    let (mut mantissa, mut digits, mut decimals) = (0_u64, 0_usize, 0_i64);
    let mut point = false;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'0'..=b'9' => {
                mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
                digits += 1;
                decimals += i64::from(point);
            }
            b'.' if !point => point = true,
            _ => break,
        }
        at += 1;
    }
    if digits == 0 {
        return None;
    }
    let mut exponent = -decimals;
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let (written, length) = written_exponent(&bytes[at + 1..])?;
        exponent += written;
        at += 1 + length;
    }
    // Leading zeros count as digits here, so that 19 of them never overflow.
    let exact = digits <= 19 && mantissa <= LARGEST_EXACT;
    let power = usize::try_from(exponent.unsigned_abs()).ok().and_then(|power| EXACT_POWERS.get(power));
    let value = match (exact, power) {
        #[expect(clippy::cast_precision_loss, reason = "not above 2^53")]
        (true, Some(power)) => {
            let size = if exponent < 0 { mantissa as f64 / power } else { mantissa as f64 * power };
            if bytes[0] == b'-' { -size } else { size }
        }
        _ => std::str::from_utf8(&bytes[..at]).ok()?.parse().ok()?,
    };
    Some((value, at))
}

/// The digits behind the `e`, and how many bytes they take.
fn written_exponent(bytes: &[u8]) -> Option<(i64, usize)> {
    let signed = usize::from(matches!(bytes.first()?, b'+' | b'-'));
    let digits = bytes[signed..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let value = bytes[signed..signed + digits]
        .iter()
        .fold(0_i64, |value, byte| value.saturating_mul(10).saturating_add(i64::from(byte - b'0')));
    // Far beyond any float, and far from an overflow of what is added to it.
    let value = value.min(1 << 40);
    (digits > 0).then_some((if bytes[0] == b'-' { -value } else { value }, signed + digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_bits_of_the_standard_library() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        for round in 0..20_000_u32 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let any = f64::from_bits(state);
            let decimals = usize::try_from(round % 12).unwrap();
            #[expect(clippy::cast_precision_loss, reason = "any numbers will do")]
            let short = (state >> 34) as f64 * 1e-8;
            let mut texts = vec![
                format!("{short:.decimals$}"),
                format!("-{short:.decimals$}e{}", i64::from(round % 61) - 30),
                format!("{state}.{state}"),
                format!("0.000000000000000000000{state}"),
                format!("{}e-{}", state >> 20, round % 400),
            ];
            if any.is_finite() {
                texts.extend([format!("{any:e}"), any.to_string(), format!("+{}", any.abs())]);
            }
            for text in texts {
                let (value, length) = leading(text.as_bytes()).unwrap();
                assert_eq!(length, text.len(), "{text}");
                assert_eq!(value.to_bits(), text.parse::<f64>().unwrap().to_bits(), "{text}");
            }
        }
    }

    #[test]
    fn a_number_ends_where_it_ends() {
        for (text, length) in
            [("1.5 2", 3), ("-.5,", 3), ("5.#", 2), ("1e3\n", 3), ("1.2.3", 3), ("0x1p3", 1), ("7", 1)]
        {
            assert_eq!(leading(text.as_bytes()).map(|(_, length)| length), Some(length), "{text}");
        }
        for text in ["", "+", ".", "-.", "nan", "inf", "e5", "1e", "1e+", "\u{2212}5"] {
            assert_eq!(leading(text.as_bytes()), None, "{text}");
        }
        assert_eq!(leading(b"1e99999999999999999999"), Some((f64::INFINITY, 22)));
        assert_eq!(leading(b"-0.0").map(|(value, _)| value.is_sign_negative()), Some(true));
    }
}
