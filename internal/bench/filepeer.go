package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/moov-io/iso8583"
	"github.com/moov-io/iso8583/encoding"
	"github.com/moov-io/iso8583/field"
	"github.com/moov-io/iso8583/prefix"
)

// peerIPM reads an ASCII file without blocks with moov-io/iso8583: it unpacks the messages, and leaves out what our reader
// does beyond that (totals, dates, currencies, private data).
func peerIPM(name string) (int64, error) {
	f, err := os.Open(name) //nolint:gosec // the file that was named
	if err != nil {
		return 0, err
	}
	defer f.Close() //nolint:errcheck // only read
	spec, r := peerSpec(), bufio.NewReaderSize(f, 1<<20)
	var n int64
	for {
		var size [4]byte
		if _, err := io.ReadFull(r, size[:]); errors.Is(err, io.EOF) {
			return n, nil
		} else if err != nil {
			return n, fmt.Errorf("record %d: %w", n+1, err)
		}
		rec := make([]byte, binary.BigEndian.Uint32(size[:])%10_000)
		if len(rec) == 0 {
			return n, nil
		}
		if _, err := io.ReadFull(r, rec); err != nil {
			return n, fmt.Errorf("record %d: %w", n+1, err)
		}
		message := iso8583.NewMessage(spec)
		if err := message.Unpack(rec); err != nil {
			return n, fmt.Errorf("record %d: %w", n+1, err)
		}
		for _, element := range []int{0, 4, 24, 37, 49} {
			if _, err := message.GetString(element); err != nil {
				return n, fmt.Errorf("record %d: element %d: %w", n+1, element, err)
			}
		}
		n++
	}
}

// peerSpec describes the elements that the lab writes.
func peerSpec() *iso8583.MessageSpec {
	fields := map[int]field.Field{
		0: field.NewString(&field.Spec{Length: 4, Enc: encoding.ASCII, Pref: prefix.ASCII.Fixed}),
		1: field.NewBitmap(&field.Spec{Length: 8, Enc: encoding.Binary, Pref: prefix.Binary.Fixed}),
	}
	for element, length := range map[int]int{3: 6, 4: 12, 12: 12, 24: 3, 26: 4, 37: 12, 38: 6, 49: 3, 71: 8} {
		fields[element] = field.NewString(&field.Spec{Length: length, Enc: encoding.ASCII, Pref: prefix.ASCII.Fixed})
	}
	for element, length := range map[int]int{2: 19, 31: 23, 94: 11} {
		fields[element] = field.NewString(&field.Spec{Length: length, Enc: encoding.ASCII, Pref: prefix.ASCII.LL})
	}
	for _, element := range []int{48, 63} {
		fields[element] = field.NewString(&field.Spec{Length: 999, Enc: encoding.ASCII, Pref: prefix.ASCII.LLL})
	}
	return &iso8583.MessageSpec{Fields: fields}
}
