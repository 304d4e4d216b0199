package orc

import "google.golang.org/protobuf/encoding/protowire"

// The wire types of the fields that are read, as the low bits of their tags.
const (
	varint = int(protowire.VarintType)
	length = int(protowire.BytesType)
)

// part is one field of a message: its number and wire type in one, and its value by the type.
type part struct {
	tag    int // number<<3 | wire type
	number uint64
	bytes  []byte
}

// fields gives the fields of a message one after the other, also those that nobody knows. Source: Protocol Buffers,
// "Encoding".
func fields(message []byte, each func(part) error) error {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return errMessage
		}
		message = message[n:]
		p := part{tag: int(number)<<3 | int(kind)}
		switch kind {
		case protowire.VarintType:
			p.number, n = protowire.ConsumeVarint(message)
		case protowire.BytesType:
			p.bytes, n = protowire.ConsumeBytes(message)
		default:
			n = protowire.ConsumeFieldValue(number, kind, message)
		}
		if n < 0 {
			return errMessage
		}
		message = message[n:]
		if err := each(p); err != nil {
			return err
		}
	}
	return nil
}

// numbers appends the values of a field of repeated numbers, packed or not.
func (p *part) numbers(to []uint64) ([]uint64, error) {
	if p.tag&7 == varint {
		return append(to, p.number), nil
	}
	for b := p.bytes; len(b) > 0; {
		v, n := protowire.ConsumeVarint(b)
		if n < 0 {
			return to, errMessage
		}
		to, b = append(to, v), b[n:]
	}
	return to, nil
}
