//! The checksum of a record: CRC-32C (Castagnoli) over all of it but the checksum itself, and what a changed bit does to it.

use super::record::FIXED_BYTES;

/// Of the polynomial, with its bits in reverse.
const POLYNOMIAL: u32 = 0x82F6_3B78;

/// The checksum of a record.
pub fn checksum(record: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&record[..4]), &record[8..])
}

/// Whether a record of `length` bytes would be intact but for one bit of its fixed part. What a bit changes in the checksum
/// depends on its distance from the end alone.
pub fn is_one_bit_off(bytes: &[u8], length: usize) -> bool {
    let Some(record) = bytes.get(..length).filter(|record| record.len() >= FIXED_BYTES) else { return false };
    let wrong = checksum(record) ^ stored(record);
    if wrong.count_ones() == 1 {
        return true;
    }
    let (covered_bits, fixed_bits) = ((length - 4) * 8, (FIXED_BYTES - 4) * 8);
    // What the last bit changes, then the one before it, up to the first.
    let mut change = POLYNOMIAL;
    for bit in 0..covered_bits {
        if change == wrong {
            return bit >= covered_bits - fixed_bits;
        }
        change = (change >> 1) ^ if change & 1 == 1 { POLYNOMIAL } else { 0 };
    }
    false
}

fn stored(record: &[u8]) -> u32 {
    record.get(4..).and_then(<[u8]>::first_chunk).map_or(0, |bytes| u32::from_le_bytes(*bytes))
}
