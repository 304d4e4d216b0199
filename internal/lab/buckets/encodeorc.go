package buckets

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// orcColumns are the columns of an ORC file and their types. Source: Amazon S3 User Guide, "Inventory manifest"; Apache ORC,
// "ORC Specification v1".
var orcColumns = []struct{ name, kind string }{
	{"bucket", "string"},
	{"key", "string"},
	{"version_id", "string"},
	{"is_latest", "boolean"},
	{"is_delete_marker", "boolean"},
	{"size", "bigint"},
	{"last_modified_date", "timestamp"},
	{"e_tag", "string"},
	{"storage_class", "string"},
	{"is_multipart_uploaded", "boolean"},
	{"replication_status", "string"},
	{"encryption_status", "string"},
	{"checksum_algorithm", "string"},
}

// The types and encodings as ORC numbers them.
var orcKinds = map[string]uint64{"boolean": 0, "bigint": 4, "string": 7, "timestamp": 9}

const (
	orcStruct     = 12
	orcDirectV2   = 2
	orcPresent    = 0
	orcData       = 1
	orcLength     = 2
	orcSecondary  = 5
	orcChunk      = 256 << 10
	orcStripeRows = 10_000
)

// orcEpoch is what timestamps are counted from.
var orcEpoch = time.Date(2015, 1, 1, 0, 0, 0, 0, time.UTC).Unix()

// orcSchema is what fileSchema says for ORC.
func orcSchema() string {
	fields := make([]string, len(orcColumns))
	for i, c := range orcColumns {
		fields[i] = c.name + ":" + c.kind
	}
	return "struct<" + strings.Join(fields, ",") + ">"
}

// encodeORC writes one file compressed by zlib, of direct encodings only and without indexes and statistics, with the column
// names S3 uses.
func encodeORC(rows []row) ([]byte, error) {
	out := []byte("ORC")
	var footer message
	footer.number(1, 3)
	var stripes message
	for from := 0; from < len(rows); from += orcStripeRows {
		part := rows[from:min(from+orcStripeRows, len(rows))]
		body, about, err := orcStripe(part)
		if err != nil {
			return nil, fmt.Errorf("encode orc: %w", err)
		}
		var m message
		m.number(1, uint64(len(out)))
		m.number(2, 0)
		m.number(3, uint64(len(body)))
		m.number(4, uint64(len(about)))
		m.number(5, uint64(len(part)))
		stripes.bytes(3, m)
		out = append(append(out, body...), about...)
	}
	footer.number(2, uint64(len(out)))
	footer = append(footer, stripes...)
	footer = append(footer, orcTypes()...)
	footer.number(6, uint64(len(rows)))
	packed, err := orcPack(footer)
	if err != nil {
		return nil, fmt.Errorf("encode orc: footer: %w", err)
	}
	var post message
	post.number(1, uint64(len(packed)))
	post.number(2, 1) // zlib
	post.number(3, orcChunk)
	post.bytes(4, []byte{0, 12})
	post.number(5, 0)
	post.bytes(8000, []byte("ORC"))
	out = append(append(out, packed...), post...)
	return append(out, byte(len(post))), nil //nolint:gosec // some forty bytes
}

func orcTypes() message {
	var root, all message
	root.number(1, orcStruct)
	var children []byte
	for i := range orcColumns {
		children = append(children, byte(i+1))
	}
	root.bytes(2, children)
	for _, c := range orcColumns {
		root.bytes(3, []byte(c.name))
	}
	all.bytes(4, root)
	for _, c := range orcColumns {
		var m message
		m.number(1, orcKinds[c.kind])
		all.bytes(4, m)
	}
	return all
}

// orcStripe is the streams of some rows, and the footer that says where they stand.
func orcStripe(rows []row) (body, about []byte, err error) {
	var footer, encodings message
	var root message
	root.number(1, 0)
	encodings.bytes(2, root)
	for i, c := range orcColumns {
		streams := orcColumn(rows, i)
		for _, kind := range []uint64{orcPresent, orcData, orcLength, orcSecondary} {
			content, there := streams[kind]
			if !there {
				continue
			}
			packed, err := orcPack(content)
			if err != nil {
				return nil, nil, fmt.Errorf("column %s: %w", c.name, err)
			}
			body = append(body, packed...)
			var m message
			m.number(1, kind)
			m.number(2, uint64(i+1))
			m.number(3, uint64(len(packed)))
			footer.bytes(1, m)
		}
		var m message
		if c.kind == "boolean" {
			m.number(1, 0)
		} else {
			m.number(1, orcDirectV2)
		}
		encodings.bytes(2, m)
	}
	footer = append(footer, encodings...)
	footer.bytes(3, []byte("UTC"))
	about, err = orcPack(footer)
	return body, about, err
}

// orcColumn is the streams of a column, not yet compressed.
func orcColumn(rows []row, i int) map[uint64][]byte {
	streams := map[uint64][]byte{}
	var there, flags []bool
	var text []byte
	var first, second []uint64 // numbers of DATA or LENGTH, and of SECONDARY
	for _, r := range rows {
		has := true
		switch orcColumns[i].kind {
		case "string":
			value := r.text(columns[i])
			if has = value != ""; has {
				text, first = append(text, value...), append(first, uint64(len(value)))
			}
		case "boolean":
			var flag bool
			if flag, has = r.flag(columns[i]); has {
				flags = append(flags, flag)
			}
		case "bigint":
			if has = !r.marker; has {
				first = append(first, protowire.EncodeZigZag(r.size))
			}
		case "timestamp":
			at := r.modified()
			first = append(first, protowire.EncodeZigZag(at.Unix()-orcEpoch))
			second = append(second, orcNanos(at.Nanosecond()))
		}
		there = append(there, has)
	}
	if slices.Contains(there, false) {
		streams[orcPresent] = orcOctets(orcBits(there))
	}
	switch orcColumns[i].kind {
	case "string":
		streams[orcData], streams[orcLength] = text, orcNumbers(first)
	case "boolean":
		streams[orcData] = orcOctets(orcBits(flags))
	default:
		streams[orcData] = orcNumbers(first)
		if second != nil {
			streams[orcSecondary] = orcNumbers(second)
		}
	}
	return streams
}
