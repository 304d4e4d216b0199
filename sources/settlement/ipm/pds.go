package ipm

import (
	"errors"
	"fmt"

	"parallax/sources/settlement/decode"
)

// The subelements that are read, by their place in message.pds.
const (
	pdsMessageReversal = iota
	pdsFileReversal
	pdsFileID
	pdsSourceMessage
	pdsFees
	pdsExponents
	pdsOriginalCurrency
	pdsBusiness
	pdsSettlement
	pdsSourceFile
	pdsSum
	pdsCount
	pdsSlots
)

// slotOf is the place of a subelement, -1 for one that is not read.
func slotOf(tag int) int {
	switch tag {
	case 25:
		return pdsMessageReversal
	case 26:
		return pdsFileReversal
	case 105:
		return pdsFileID
	case 138:
		return pdsSourceMessage
	case 146:
		return pdsFees
	case 148:
		return pdsExponents
	case 149:
		return pdsOriginalCurrency
	case 158:
		return pdsBusiness
	case 159:
		return pdsSettlement
	case 280:
		return pdsSourceFile
	case 301:
		return pdsSum
	case 306:
		return pdsCount
	}
	return -1
}

// carriers are the elements that subelements are packed into.
var carriers = [...]int{48, 62, 123, 124, 125}

// parsePDS reads the private data subelements: a tag of four digits, a length of three, the value, and again. One that is
// read and appears twice is an error: which of the two counts is not public.
func (m *message) parsePDS() error {
	for _, de := range carriers {
		rest := m.element[de]
		for len(rest) > 0 {
			if len(rest) < 7 {
				return &decode.FieldError{Field: nameOf(de), Err: fmt.Errorf("has %d bytes left, a subelement needs 7", len(rest))}
			}
			tag, size := m.charset.small(rest[:4]), m.charset.small(rest[4:7])
			if tag < 0 {
				return &decode.FieldError{Field: nameOf(de), Err: fmt.Errorf("subelement tag %w", decode.ErrNotNumeric)}
			}
			if size < 0 {
				return &decode.FieldError{Field: namePDS(tag), Err: fmt.Errorf("length %w", decode.ErrNotNumeric)}
			}
			if rest = rest[7:]; len(rest) < size {
				return &decode.FieldError{Field: namePDS(tag), Err: fmt.Errorf("needs %d bytes, the element has %d left", size, len(rest))}
			}
			if slot := slotOf(tag); slot >= 0 {
				if m.pds[slot] != nil {
					return &decode.FieldError{Field: namePDS(tag), Err: errors.New("appears twice")}
				}
				m.pds[slot] = rest[:size:size]
			}
			rest = rest[size:]
		}
	}
	return nil
}

func namePDS(tag int) string { return fmt.Sprintf("PDS%04d", tag) }
