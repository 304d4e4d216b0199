package camt

import "maps"

const transaction = "Stmt/Ntry/NtryDtls/TxDtls"

// begins are the elements that start something of their own.
var begins = map[string]func(*decoder){
	"Stmt":                      (*decoder).beginStatement,
	"Stmt/Bal":                  func(d *decoder) { d.st.balance = balance{} },
	"Stmt/Ntry":                 func(d *decoder) { d.entry.reset() },
	"Stmt/Ntry/Chrgs":           func(d *decoder) { d.charge = charge{} },
	"Stmt/Ntry/Chrgs/Rcrd":      func(d *decoder) { d.charge = charge{} },
	transaction:                 func(d *decoder) { d.detail = detail{open: true} },
	transaction + "/Chrgs":      func(d *decoder) { d.charge = charge{} },
	transaction + "/Chrgs/Rcrd": func(d *decoder) { d.charge = charge{} },
}

// ends are the elements after which something is complete.
var ends = map[string]func(*decoder) error{
	"Stmt":                      (*decoder).endStatement,
	"Stmt/Bal":                  (*decoder).endBalance,
	"Stmt/Ntry":                 (*decoder).endEntry,
	"Stmt/Ntry/Chrgs":           (*decoder).endCharge,
	"Stmt/Ntry/Chrgs/Rcrd":      (*decoder).endCharge,
	transaction:                 (*decoder).endDetail,
	transaction + "/Chrgs":      (*decoder).endCharge,
	transaction + "/Chrgs/Rcrd": (*decoder).endCharge,
}

// values are the elements whose text is read, and where it goes. Where versions differ, both ways are here: a status was
// a code once and is a choice since version 7; charges were a list and have been records since version 3.
var values = tables(
	statementValues,
	prefixed("Stmt/Ntry/", entryValues),
	prefixed("Stmt/Ntry/Chrgs/", chargeValues),
	prefixed("Stmt/Ntry/Chrgs/Rcrd/", chargeValues),
	prefixed(transaction+"/", detailValues),
	prefixed(transaction+"/Chrgs/", chargeValues),
	prefixed(transaction+"/Chrgs/Rcrd/", chargeValues),
)

type table = map[string]func(*decoder, string) error

func prefixed(prefix string, t table) table {
	out := table{}
	for name, set := range t {
		out[prefix+name] = set
	}
	return out
}

func tables(all ...table) table {
	out := table{}
	for _, t := range all {
		maps.Copy(out, t)
	}
	return out
}

var statementValues = table{
	"Stmt/Id":                  func(d *decoder, s string) error { return reference(s, &d.st.id) },
	"Stmt/StmtPgntn/PgNb":      func(d *decoder, s string) error { return reference(s, &d.st.page) },
	"Stmt/NtfctnPgntn/PgNb":    func(d *decoder, s string) error { return reference(s, &d.st.page) },
	"Stmt/ElctrncSeqNb":        func(d *decoder, s string) error { return number(s, &d.st.sequence) },
	"Stmt/LglSeqNb":            func(d *decoder, s string) error { return number(s, &d.st.legal) },
	"Stmt/FrToDt/ToDtTm":       func(d *decoder, s string) error { return date(s, &d.st.day) },
	"Stmt/Acct/Id/IBAN":        func(d *decoder, s string) error { return plain(s, &d.st.number) },
	"Stmt/Acct/Id/Othr/Id":     func(d *decoder, s string) error { return plain(s, &d.st.number) },
	"Stmt/Acct/Ccy":            func(d *decoder, s string) error { return plain(s, &d.st.currency) },
	"Stmt/Bal/Tp/CdOrPrtry/Cd": func(d *decoder, s string) error { return plain(s, &d.st.balance.code) },
	"Stmt/Bal/Amt":             func(d *decoder, s string) error { return d.amount(s, &d.st.balance.amount) },
	"Stmt/Bal/CdtDbtInd":       func(d *decoder, s string) error { return direction(s, &d.st.balance.sign) },
	"Stmt/Bal/Dt/Dt":           func(d *decoder, s string) error { return date(s, &d.st.balance.day) },
	"Stmt/Bal/Dt/DtTm":         func(d *decoder, s string) error { return date(s, &d.st.balance.day) },

	"Stmt/TxsSummry/TtlNtries/NbOfNtries":           func(d *decoder, s string) error { return plain(s, &d.st.stated.all.count) },
	"Stmt/TxsSummry/TtlNtries/Sum":                  func(d *decoder, s string) error { return plain(s, &d.st.stated.all.sum) },
	"Stmt/TxsSummry/TtlNtries/TtlNetNtryAmt":        func(d *decoder, s string) error { return plain(s, &d.st.stated.net) },
	"Stmt/TxsSummry/TtlNtries/TtlNetNtry/Amt":       func(d *decoder, s string) error { return plain(s, &d.st.stated.net) },
	"Stmt/TxsSummry/TtlNtries/CdtDbtInd":            func(d *decoder, s string) error { return direction(s, &d.st.stated.netSign) },
	"Stmt/TxsSummry/TtlNtries/TtlNetNtry/CdtDbtInd": func(d *decoder, s string) error { return direction(s, &d.st.stated.netSign) },
	"Stmt/TxsSummry/TtlCdtNtries/NbOfNtries":        func(d *decoder, s string) error { return plain(s, &d.st.stated.credits.count) },
	"Stmt/TxsSummry/TtlCdtNtries/Sum":               func(d *decoder, s string) error { return plain(s, &d.st.stated.credits.sum) },
	"Stmt/TxsSummry/TtlDbtNtries/NbOfNtries":        func(d *decoder, s string) error { return plain(s, &d.st.stated.debits.count) },
	"Stmt/TxsSummry/TtlDbtNtries/Sum":               func(d *decoder, s string) error { return plain(s, &d.st.stated.debits.sum) },
}

var entryValues = table{
	"NtryRef":                             func(d *decoder, s string) error { return reference(s, &d.entry.ref) },
	"AcctSvcrRef":                         func(d *decoder, s string) error { return reference(s, &d.entry.servicerRef) },
	"Amt":                                 func(d *decoder, s string) error { return d.amount(s, &d.entry.amount) },
	"CdtDbtInd":                           func(d *decoder, s string) error { return direction(s, &d.entry.sign) },
	"RvslInd":                             func(d *decoder, s string) error { return boolean(s, &d.entry.reversal) },
	"Sts":                                 func(d *decoder, s string) error { return status(s, &d.entry.status) },
	"Sts/Cd":                              func(d *decoder, s string) error { return status(s, &d.entry.status) },
	"BookgDt/Dt":                          func(d *decoder, s string) error { return date(s, &d.entry.booked) },
	"BookgDt/DtTm":                        func(d *decoder, s string) error { return date(s, &d.entry.booked) },
	"ValDt/Dt":                            func(d *decoder, s string) error { return date(s, &d.entry.value) },
	"ValDt/DtTm":                          func(d *decoder, s string) error { return date(s, &d.entry.value) },
	"BkTxCd/Domn/Cd":                      func(d *decoder, s string) error { return word(s, &d.entry.code.domain) },
	"BkTxCd/Domn/Fmly/Cd":                 func(d *decoder, s string) error { return word(s, &d.entry.code.family) },
	"BkTxCd/Domn/Fmly/SubFmlyCd":          func(d *decoder, s string) error { return word(s, &d.entry.code.sub) },
	"BkTxCd/Prtry/Cd":                     func(d *decoder, s string) error { return word(s, &d.entry.code.proprietary) },
	"AmtDtls/InstdAmt/CcyXchg/XchgRate":   func(d *decoder, s string) error { return rate(s, &d.entry.rate) },
	"AmtDtls/TxAmt/CcyXchg/XchgRate":      func(d *decoder, s string) error { return rate(s, &d.entry.rate) },
	"AmtDtls/CntrValAmt/CcyXchg/XchgRate": func(d *decoder, s string) error { return rate(s, &d.entry.rate) },
	"NtryDtls/Btch/MsgId":                 func(d *decoder, s string) error { return reference(s, &d.entry.messageID) },
	"NtryDtls/Btch/PmtInfId":              func(d *decoder, s string) error { return reference(s, &d.entry.paymentInfo) },
	"NtryDtls/Btch/NbOfTxs":               func(d *decoder, s string) error { return d.entry.countBatch(s) },
}

var detailValues = table{
	"Refs/MsgId":                          func(d *decoder, s string) error { return reference(s, &d.detail.messageID) },
	"Refs/AcctSvcrRef":                    func(d *decoder, s string) error { return reference(s, &d.detail.servicerRef) },
	"Refs/PmtInfId":                       func(d *decoder, s string) error { return reference(s, &d.detail.paymentInfo) },
	"Refs/EndToEndId":                     func(d *decoder, s string) error { return reference(s, &d.detail.endToEnd) },
	"Refs/TxId":                           func(d *decoder, s string) error { return reference(s, &d.detail.txID) },
	"Amt":                                 func(d *decoder, s string) error { return d.amount(s, &d.detail.amount) },
	"CdtDbtInd":                           func(d *decoder, s string) error { return direction(s, &d.detail.sign) },
	"AmtDtls/TxAmt/Amt":                   func(d *decoder, s string) error { return d.amount(s, &d.detail.txAmount) },
	"AmtDtls/CntrValAmt/Amt":              func(d *decoder, s string) error { return d.amount(s, &d.detail.counterValue) },
	"AmtDtls/InstdAmt/CcyXchg/XchgRate":   func(d *decoder, s string) error { return rate(s, &d.detail.rate) },
	"AmtDtls/TxAmt/CcyXchg/XchgRate":      func(d *decoder, s string) error { return rate(s, &d.detail.rate) },
	"AmtDtls/CntrValAmt/CcyXchg/XchgRate": func(d *decoder, s string) error { return rate(s, &d.detail.rate) },
	"BkTxCd/Domn/Cd":                      func(d *decoder, s string) error { return word(s, &d.detail.code.domain) },
	"BkTxCd/Domn/Fmly/Cd":                 func(d *decoder, s string) error { return word(s, &d.detail.code.family) },
	"BkTxCd/Domn/Fmly/SubFmlyCd":          func(d *decoder, s string) error { return word(s, &d.detail.code.sub) },
	"BkTxCd/Prtry/Cd":                     func(d *decoder, s string) error { return word(s, &d.detail.code.proprietary) },
}

var chargeValues = table{
	"Amt":       func(d *decoder, s string) error { return d.amount(s, &d.charge.amount) },
	"CdtDbtInd": func(d *decoder, s string) error { return direction(s, &d.charge.sign) },
}

// texts are the elements of free text, which no value can be wrong in.
var texts = map[string]func(*decoder) *note{
	"Stmt/Ntry/AddtlNtryInf":                        func(d *decoder) *note { return &d.entry.note },
	transaction + "/AddtlTxInf":                     func(d *decoder) *note { return &d.detail.note },
	transaction + "/RmtInf/Ustrd":                   func(d *decoder) *note { return &d.detail.note },
	transaction + "/RmtInf/Strd/AddtlRmtInf":        func(d *decoder) *note { return &d.detail.note },
	transaction + "/RmtInf/Strd/RfrdDocInf/Nb":      func(d *decoder) *note { return &d.detail.note },
	transaction + "/RmtInf/Strd/CdtrRefInf/Ref":     func(d *decoder) *note { return &d.detail.note },
	transaction + "/RmtInf/Strd/CdtrRefInf/CdtrRef": func(d *decoder) *note { return &d.detail.note }, // until version 2
}

// wanted reports whether the text of an element is read.
func wanted(path []byte) bool { return values[string(path)] != nil || texts[string(path)] != nil }
