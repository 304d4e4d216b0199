package ipm

import (
	"testing"

	"parallax/sources/settlement/ipm/ipmtest"
)

func TestNoCardNumberInAnyElement(t *testing.T) {
	number := "555555" + "5555554444"
	f := ipmtest.File{EBCDIC: true}
	f.Header()
	message := ipmtest.Presentment(4111)
	message[63] = "MCC" + number
	f.Add("1240", message)
	f.Trailer()
	lines, _, err := decodeAll(f.Bytes())
	if err != nil || len(lines) != 1 {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	if l := lines[0]; l.Reference != "MCC555555******4444" || len(l.ARN) != 23 {
		t.Errorf("reference %q, arn %q", l.Reference, l.ARN)
	}
}
