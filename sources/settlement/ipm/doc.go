// Package ipm reads Mastercard clearing files (Integrated Product Messages).
//
// # What is read
//
// A physical file is a sequence of records, each after its length in four big-endian bytes, with or without a length of
// zero at the end, whole or cut into blocks of 1014 bytes (see rdw.go). Text is ASCII (Latin-1 above it) or EBCDIC, code
// page 500 or 037; bitmaps are binary in all of them. A record is an ISO 8583:1993 message: a type of four digits, a
// bitmap of 16 bytes, the data elements; private data subelements (PDS) are packed into elements 48, 62 and 123 to 125.
//
// It holds one logical file or several: a header (1644/697), messages, a trailer (1644/695) whose totals must agree.
//
//	1240/200             presentment; refund where the processing code is 20
//	1240/205, 282        representment: second presentment, full and partial
//	1442/450 to 454      chargeback: first and arbitration, full and partial
//	1740/*               fee
//	1644/691, 699        what the network rejected: a reject
//	1644/*               administrative
//
// A reversal (PDS0025 or, for a whole file, PDS0026 begins with R) has the type of what it undoes and the opposite sign.
//
// # Where it is known from
//
// Only from what is public: ISO 8583:1993 for the elements; the documentation and source of cardutil (PyPI) for their
// layout, for record lengths, blocking and subelements; public programs and documents of processors for the names of
// messages and for the inside of PDS0105, 0146, 0148, 0158 and 0159. What has no public source is not read, and said so
// where it matters.
//
// # What is not read
//
// The parts of a payment that was captured in parts carry one reference (DE63) and no public number; Part and Parts stay
// empty. Financial positions (1644/685, 688) are counted, not read. IBM's own record descriptor words (two bytes of
// length, two of zero) are refused like any wrong length.
package ipm
