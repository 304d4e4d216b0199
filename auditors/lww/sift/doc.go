// Package sift finds, in bounded memory, the few keys whose history has to be audited in full.
//
// Most keys of a global table are quiet: each region's stream shows the same item pass through the same states. That can
// be told from hashes alone, without the items. The sieve takes one small record, a Trace, for each record of the streams;
// for quiet keys it counts what lww.Auditor would have counted, and it names all others for the auditor to judge.
//
// The law: what the sieve counts, together with what the auditor says of the suspects, is what the auditor would have said
// of everything. The proof stands beside the rules, in quiet.go and merged.go; the tests hold it against the auditor.
package sift
