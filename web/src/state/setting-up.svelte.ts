// Whether an account is being set up: the screens of the first run stay until the recovery code was looked at, though the account
// is there already.
class SettingUp {
  up = $state(false);
}

export const setting = new SettingUp();
