# Runs in the virtual machine: sins on the machine that must not be committed on one that others use.
. /checks.sh
cd /tmp || exit 1

drills() { swornlog drill --live-host --only freeze-collector,disable-audit,remove-audit-rule >out 2>&1 || { cat out; return 1; }; }
caught() { grep -q "^caught *$1 " out || { grep " $1 " out; return 1; }; }
as_before() { [ "$(auditctl -s | head -n 1)" = "$audit_was" ] && auditctl -l | grep -q '^No rules'; }
refused() { swornlog drill --only disable-audit >out 2>&1; [ $? = 2 ] && grep -q -- --live-host out; }

audit_was=$(auditctl -s | head -n 1)
check "without --live-host nothing is done to the machine" refused
check "sins on the machine are committed, and nothing is missed or noisy" drills
for sin in freeze-collector disable-audit remove-audit-rule; do
	check "$sin is caught" caught $sin
done
check "audit is as it was" as_before
exit "$failed"
