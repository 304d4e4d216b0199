package ipm

import (
	"bytes"
	"errors"
	"io"

	"parallax/sources/settlement/decode"
)

// prefixSize is how much of a file is read ahead to tell whether it is cut into blocks.
const prefixSize = 64 << 10

// open opens a file and tells whether it is cut into blocks, by walking along its records both ways. The size alone says
// nothing, and a file of one block reads either way.
//
// As a rule one of the ways fails within the first blocks, and the beginning of the file is enough: a way that fails there
// would fail in the whole file just so, and whatever is wrong behind it is found on the other way. Where both still go on at
// the end of the prefix, the whole file is walked. Where both fail, the way that came further gives the error.
func open(c decode.Content) (in io.ReadCloser, blocked bool, err error) {
	in, err = c()
	if err != nil {
		return nil, false, err
	}
	prefix := make([]byte, prefixSize)
	n, err := io.ReadFull(in, prefix)
	whole := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	if err != nil && !whole {
		in.Close() //nolint:errcheck,gosec // read only
		return nil, false, err
	}
	prefix = prefix[:n]
	var ways [2]walked
	for i := range ways {
		ways[i] = walkPrefix(prefix, whole, i == 1)
	}
	if ways[0].goesOn && ways[1].goesOn && !whole {
		for i := range ways {
			if ways[i], err = walkAll(c, i == 1); err != nil {
				in.Close() //nolint:errcheck,gosec // read only
				return nil, false, err
			}
		}
	}
	switch {
	case ways[0].goesOn: // also where both do: it is one block then, or no matter
		blocked = false
	case ways[1].goesOn:
		blocked = true
	default:
		blocked = ways[1].offset > ways[0].offset
	}
	return resumed{io.MultiReader(bytes.NewReader(prefix), in), in}, blocked, nil
}

// resumed reads the prefix again and then goes on with the file.
type resumed struct {
	io.Reader
	io.Closer
}

// walked is how far one way led.
type walked struct {
	goesOn bool  // to the end of what was walked, without an error
	offset int64 // bytes of whole records
}

// errMore ends a prefix that is not the whole file.
var errMore = errors.New("the file goes on")

type moreReader struct{}

func (moreReader) Read([]byte) (int, error) { return 0, errMore }

func walkPrefix(prefix []byte, whole, blocked bool) walked {
	var r io.Reader = bytes.NewReader(prefix)
	if !whole {
		r = io.MultiReader(r, moreReader{})
	}
	return walk(r, blocked)
}

func walkAll(c decode.Content, blocked bool) (walked, error) {
	r, err := c()
	if err != nil {
		return walked{}, err
	}
	defer r.Close() //nolint:errcheck // read only
	return walk(r, blocked), nil
}

// walk follows the lengths of the records. It looks at nothing else.
func walk(r io.Reader, blocked bool) walked {
	records := newRecordReader(r, blocked)
	var end error
	for end == nil {
		_, end = records.next()
	}
	goesOn := errors.Is(end, errMore) || errors.Is(end, io.EOF) && records.number > 0
	return walked{goesOn: goesOn, offset: records.offset}
}
