package ipm

import (
	"fmt"

	"parallax/sources/settlement/decode"
)

// Options are what a file does not say itself.
type Options struct {
	// Charset is the alphabet: "ascii", "cp500" or "cp037". Empty: ASCII or code page 500, whichever the first message type
	// is written in. Code page 037 differs from 500 in [ ] ! ^ | and the cent and not signs alone, which a file need not
	// hold, so that no file tells them apart.
	Charset string
}

// New returns a reader with options. A charset of another name is an error.
func New(o Options) (decode.Func, error) {
	known := map[string]*charset{"": nil, "ascii": latin1, "cp500": cp500, "cp037": cp037}
	c, ok := known[o.Charset]
	if !ok {
		return nil, fmt.Errorf("charset %q is none of ascii, cp500, cp037", o.Charset)
	}
	return func(content decode.Content, name, feed string, yield decode.Yield) (decode.Summary, error) {
		return read(content, name, feed, c, yield)
	}, nil
}
