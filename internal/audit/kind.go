package audit

// Kind names what a finding is. Kinds are a contract: they are added, never renamed,
// and each has a page runbooks/<kind>.md.
type Kind string

// The kinds, by job.
const (
	CoverageGap            Kind = "coverage.gap"
	CoverageStreamNearTrim Kind = "coverage.stream_near_trim"

	LWWLostWrite     Kind = "lww.lost_write"
	LWWLostDelete    Kind = "lww.lost_delete"
	LWWDoubleAccept  Kind = "lww.double_accept"
	LWWFork          Kind = "lww.fork"
	LWWNotReplicated Kind = "lww.not_replicated"
	LWWDiverged      Kind = "lww.diverged"
	LWWUndecidable   Kind = "lww.undecidable"

	LedgerLostRow       Kind = "ledger.lost_row"
	LedgerChangedRow    Kind = "ledger.changed_row"
	LedgerIDCollision   Kind = "ledger.id_collision"
	LedgerNotReplicated Kind = "ledger.not_replicated"
	LedgerInTwoRegions  Kind = "ledger.in_two_regions"

	ReceiptMissing           Kind = "receipt.missing"
	ReceiptNotReplicated     Kind = "receipt.not_replicated"
	ReceiptReplicationFailed Kind = "receipt.replication_failed"
	ReceiptMismatch          Kind = "receipt.mismatch"
	ReceiptDeleteDiverged    Kind = "receipt.delete_diverged"
	ReceiptOrphan            Kind = "receipt.orphan"
	ReceiptStorageDrift      Kind = "receipt.storage_drift"

	LagBreach     Kind = "lag.breach"
	LagBurnRate   Kind = "lag.burn_rate"
	LagUnmeasured Kind = "lag.unmeasured"

	SettlementMissingInNetwork   Kind = "settlement.missing_in_network"
	SettlementMissingInLedger    Kind = "settlement.missing_in_ledger"
	SettlementAmountMismatch     Kind = "settlement.amount_mismatch"
	SettlementCurrencyMismatch   Kind = "settlement.currency_mismatch"
	SettlementDuplicateInLedger  Kind = "settlement.duplicate_in_ledger"
	SettlementDuplicateInNetwork Kind = "settlement.duplicate_in_network"
	SettlementStatusMismatch     Kind = "settlement.status_mismatch"
	SettlementFeeVariance        Kind = "settlement.fee_variance"
	SettlementFXVariance         Kind = "settlement.fx_variance"
	SettlementWrongPeriod        Kind = "settlement.wrong_period"
	SettlementBatchUnbalanced    Kind = "settlement.batch_unbalanced" // the lines of a payout do not add up to it
	SettlementPayoutMissing      Kind = "settlement.payout_missing"   // no credit of the bank
	SettlementPayoutMismatch     Kind = "settlement.payout_mismatch"  // the bank credited another amount
	SettlementPayoutUnknown      Kind = "settlement.payout_unknown"   // a credit of the bank without a payout

	FileControlTotal Kind = "file.control_total"
	FileDuplicate    Kind = "file.duplicate"
	FileSequenceGap  Kind = "file.sequence_gap"
	FileLate         Kind = "file.late"
	FileRejectedRows Kind = "file.rejected_rows"

	ChainDoubleCharge    Kind = "chain.double_charge"
	ChainKeyWithoutEntry Kind = "chain.key_without_entry"
	ChainEntryWithoutKey Kind = "chain.entry_without_key"
	ChainBroken          Kind = "chain.broken"
	ChainKeyRetention    Kind = "chain.key_retention"
	ChainStuckCommand    Kind = "chain.stuck_command"

	FailoverDetected         Kind = "failover.detected"
	FailoverSnapshotExpiring Kind = "failover.snapshot_expiring"
	FailoverDrillOverdue     Kind = "failover.drill_overdue"
)

// Kinds lists every kind, in the order of the jobs.
func Kinds() []Kind {
	return []Kind{
		CoverageGap, CoverageStreamNearTrim,
		LWWLostWrite, LWWLostDelete, LWWDoubleAccept, LWWFork, LWWNotReplicated, LWWDiverged, LWWUndecidable,
		LedgerLostRow, LedgerChangedRow, LedgerIDCollision, LedgerNotReplicated, LedgerInTwoRegions,
		ReceiptMissing, ReceiptNotReplicated, ReceiptReplicationFailed, ReceiptMismatch,
		ReceiptDeleteDiverged, ReceiptOrphan, ReceiptStorageDrift,
		LagBreach, LagBurnRate, LagUnmeasured,
		SettlementMissingInNetwork, SettlementMissingInLedger, SettlementAmountMismatch,
		SettlementCurrencyMismatch, SettlementDuplicateInLedger, SettlementDuplicateInNetwork,
		SettlementStatusMismatch, SettlementFeeVariance, SettlementFXVariance, SettlementWrongPeriod,
		SettlementBatchUnbalanced, SettlementPayoutMissing, SettlementPayoutMismatch, SettlementPayoutUnknown,
		FileControlTotal, FileDuplicate, FileSequenceGap, FileLate, FileRejectedRows,
		ChainDoubleCharge, ChainKeyWithoutEntry, ChainEntryWithoutKey, ChainBroken,
		ChainKeyRetention, ChainStuckCommand,
		FailoverDetected, FailoverSnapshotExpiring, FailoverDrillOverdue,
	}
}
