/** Whether this server's groups obey the policy of its primary, and the switch for it. */
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { call } from '../../api/call.ts';
import { useHierarchy } from '../../api/hierarchy.ts';
import { useSettings } from '../../api/server.ts';
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx';
import { RightSwitch } from '../../parts/right-switch.tsx';
import { useSession } from '../../shell/session.tsx';
import { useTexts } from '../../texts/language.tsx';
import { POLICY } from '../../texts/policy.ts';

/** Nothing where there is no primary, and no option that waits for one. */
export function PrimaryPolicy() {
  const { taking } = useTexts(POLICY);
  const { lacking } = useSession();
  const client = useQueryClient();
  const settings = useSettings(lacking('showSettings') === undefined);
  const hierarchy = useHierarchy(lacking('showHierarchy') === undefined);
  const [asking, setAsking] = useState(false);
  const primary = hierarchy.data?.primary?.name;
  const now = settings.data?.answer.takePolicy;
  const ifMatch = settings.data?.version;
  if (now === undefined || (primary === undefined && !now)) return null;
  return (
    <div className="card">
      <RightSwitch
        call="changeSettings"
        checked={now}
        onChange={() => setAsking(true)}
        label={taking.option(primary)}
        description={now ? taking.on : taking.off}
      />
      {asking && (
        <ConfirmDialog
          mild
          title={now ? taking.end(primary) : `${taking.option(primary)}?`}
          hint={now ? taking.ends : taking.begins}
          yes={now ? taking.yesEnd : taking.yesBegin}
          work={(options) => call('changeSettings', { takePolicy: !now }, { ...options, ifMatch })}
          onDone={() => {
            setAsking(false);
            void client.invalidateQueries();
          }}
          onClose={() => {
            setAsking(false);
            void settings.refetch();
          }}
        />
      )}
    </div>
  );
}
