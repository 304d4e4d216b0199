// Package audit is the vocabulary of the house: regions, windows, cursors,
// findings and their evidence, coverage and its gaps, and the outcome of a run.
//
// It imports the standard library only, does no I/O and reads no clock, so that
// every other package can speak it.
package audit
