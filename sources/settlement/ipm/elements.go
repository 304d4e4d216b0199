package ipm

// element is how one data element is laid out.
type element struct {
	prefix int  // digits of the length in front of a variable element, 0 for a fixed one
	size   int  // bytes of a fixed element, greatest length of a variable one; 0: not defined
	secret bool // card data that is never kept: passed over and overwritten
}

func fixed(size int) element    { return element{size: size} }
func llvar(size int) element    { return element{prefix: 2, size: size} }
func lllvar() element           { return element{prefix: 3, size: 999} }
func (e element) hide() element { e.secret = true; return e }

// elements is the layout of the data elements 2 to 127.
// Source: ISO 8583:1993, and cardutil's configuration where clearing messages differ from it. Elements that are not here
// have no public layout, and a message that carries one cannot be read beyond it.
var elements = [129]element{
	2:   llvar(19).hide(), // primary account number: see decode.MaskPAN
	3:   fixed(6),         // processing code
	4:   fixed(12),        // amount, transaction
	5:   fixed(12),        // amount, reconciliation
	6:   fixed(12),        // amount, cardholder billing
	7:   fixed(10),
	8:   fixed(8),
	9:   fixed(8),  // conversion rate, reconciliation
	10:  fixed(8),  // conversion rate, cardholder billing
	11:  fixed(6),  // STAN
	12:  fixed(12), // local date and time of the transaction, YYMMDDhhmmss
	13:  fixed(4),
	14:  fixed(4).hide(), // expiration date
	15:  fixed(6),
	16:  fixed(4),
	17:  fixed(4),
	18:  fixed(4),
	19:  fixed(3),
	20:  fixed(3),
	21:  fixed(3),
	22:  fixed(12), // point of service data code
	23:  fixed(3),
	24:  fixed(3), // function code
	25:  fixed(4), // message reason code
	26:  fixed(4), // merchant category code
	27:  fixed(1),
	28:  fixed(6),
	29:  fixed(3),
	30:  fixed(24), // amounts, original
	31:  llvar(23), // acquirer reference data
	32:  llvar(11),
	33:  llvar(11),
	34:  llvar(28).hide(),                     // extended primary account number
	35:  llvar(37).hide(),                     // track 2
	36:  {prefix: 3, size: 104, secret: true}, // track 3
	37:  fixed(12),                            // retrieval reference number
	38:  fixed(6),                             // approval code
	39:  fixed(3),
	40:  fixed(3),
	41:  fixed(8),
	42:  fixed(15),
	43:  llvar(99),
	44:  llvar(99),
	45:  llvar(76).hide(), // track 1
	46:  lllvar(),
	47:  lllvar(),
	48:  lllvar(),        // private data subelements
	49:  fixed(3),        // currency of DE4
	50:  fixed(3),        // currency of DE5
	51:  fixed(3),        // currency of DE6
	52:  fixed(8).hide(), // PIN block
	53:  llvar(48).hide(),
	54:  lllvar(),
	55:  lllvar().hide(), // chip data
	56:  llvar(35),
	57:  fixed(3),
	58:  llvar(11),
	59:  lllvar(),
	60:  lllvar(),
	61:  lllvar(),
	62:  lllvar(), // private data subelements
	63:  lllvar(), // transaction life cycle id: the network's reference
	64:  fixed(8),
	71:  fixed(8), // message number
	72:  lllvar(), // free text
	73:  fixed(6),
	93:  llvar(11),
	94:  llvar(11),
	95:  llvar(99),
	100: llvar(11),
	102: llvar(28).hide(), // account numbers
	103: llvar(28).hide(),
	105: lllvar(),
	111: lllvar(),
	123: lllvar(), // private data subelements
	124: lllvar(),
	125: lllvar(),
	127: lllvar(),
	128: fixed(8),
}
